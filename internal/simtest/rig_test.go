// Package simtest runs the whole of lifecycle, with its real store, engine, steps, Flink client and storage, over a simulated target in
// virtual time: a testing/synctest bubble in which waiting costs nothing, so that time spent is time that Drey made the job wait.
package simtest

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/lifecycle"
	"drey/internal/runtime"
	"drey/internal/storage"
	"drey/internal/store"
)

const (
	delay   = 100 * time.Millisecond // of each step of Flink's own, and of each of a process
	account = "abfs://flink@sim.dfs.core.windows.net"
	target  = "sim"
)

var (
	pool = cluster.PoolRef{Subscription: "10e32bab-26da-4cc4-a441-52b318f824e6", Group: "dev", Pool: "sim"}
	ref  = cluster.Ref{PoolRef: pool, Name: "counter"}
)

// rig is what outlives a server: the database, the storage, and the target with all that runs there.
type rig struct {
	*testing.T
	dir     string
	storage *storage.Mounts
	flink   *Flink
	runtime *Runtime
	asked   int // requests so far
}

func newRig(t *testing.T) *rig {
	r := &rig{T: t, dir: t.TempDir()}
	var err error
	if r.storage, err = storage.New(filepath.Join(r.dir, "storage")); err != nil {
		t.Fatal(err)
	}
	r.flink = &Flink{T: t, Storage: r.storage, Delay: delay, managers: map[string]*JobManager{}}
	r.runtime = &Runtime{Flink: r.flink, Delay: delay, all: map[runtime.IncarnationID]*incarnation{}}
	at, err := cluster.ParseURI(account+"/jars/job.jar", cluster.StorageURI{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.storage.Put(t.Context(), at, bytes.NewReader(jar(t)), 1<<20); err != nil {
		t.Fatal(err)
	}
	return r
}

// jar is a jar with one class, of which only the name is looked at.
func jar(t *testing.T) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	if _, err := z.Create("Counter.class"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// server is one life of Drey.
type server struct {
	*lifecycle.Service
	*rig
	seam  *seam
	store *store.Store
	end   context.CancelFunc
	ended chan struct{}
}

// serve starts Drey over what is there; it ends by stop, or where fate says so.
func (r *rig) serve(f *fate) *server {
	r.Helper()
	ctx, cancel := context.WithCancel(r.Context())
	st, err := store.Open(ctx, "sqlite:"+filepath.Join(r.dir, "drey.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		r.Fatal(err)
	}
	s := &server{rig: r, store: st, end: cancel, ended: make(chan struct{})}
	s.seam = &seam{Runtime: r.runtime, flink: r.flink, fate: f, turn: s.turn, kill: s.kill}
	r.flink.OnStopped(func() { s.seam.note("COMPLETED", "") })
	config := s.config()
	seed := lifecycle.Seed{
		Targets:      map[string]string{target: "simulated"},
		Subscription: store.Subscription{ID: pool.Subscription, Name: "sim", Tenant: pool.Subscription},
		Group:        store.Group{Subscription: pool.Subscription, Name: pool.Group, Location: target},
		Pool:         cluster.Pool{Ref: pool, Location: target, Target: target, VMSize: "Standard_D4s_v5", Version: "1.2"},
	}
	if err := lifecycle.Plant(ctx, st, config, seed); err != nil {
		r.Fatal(err)
	}
	if s.Service, err = lifecycle.New(config); err != nil {
		r.Fatal(err)
	}
	if err := s.Claim(ctx); err != nil {
		r.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = s.Run(ctx)
	}()
	return s
}

func (s *server) config() lifecycle.Config {
	known := flink.Facts(flink.Distributions{Dir: s.dir}, 512)
	known.Installed = []string{"2.3.0"}
	return lifecycle.Config{
		Store: s.store, Runtimes: map[string]runtime.Runtime{target: s.seam}, Storage: s.storage, FlinkTransport: s.seam,
		Facts:   func() cluster.FlinkFacts { return known },
		GateJar: "/sim/drey-flink.jar", GateJarSHA: "0", PortLow: 20000, PortHigh: 20999, MemoryMB: 1 << 20, KeptFor: time.Hour,
		Gate:     lifecycle.HealthGate{Maximum: time.Minute, Restarts: 3},
		Recovery: lifecycle.Recovery{Budget: 5, Window: time.Hour, Backoff: time.Second, Most: time.Minute},
		Domain:   "sim.localhost", Version: "sim", Holder: "sim", Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
}

// stop ends a server in order, and waits for it.
func (s *server) stop() {
	s.end()
	<-s.ended
	_ = s.store.Close()
}

// kill ends a server as kill -9 does: nothing is committed any more.
func (s *server) kill() {
	_ = s.store.Close()
	s.end()
}

func (r *rig) caller() lifecycle.Caller {
	r.asked++
	id := fmt.Sprintf("00000000-0000-0000-0000-%012d", r.asked)
	return lifecycle.Caller{Principal: "somebody", RequestID: id, Method: "POST", URL: "/" + id}
}

// create declares a cluster, and waits until its job runs.
func (s *server) create() {
	s.Helper()
	args := "one"
	spec := cluster.Spec{Location: target, Properties: cluster.Properties{
		ClusterType: "flink",
		Compute:     cluster.Compute{Nodes: []cluster.NodeGroup{{Type: "Worker", VMSize: "Standard_D8ds_v5", Count: 1}}},
		Profile: cluster.Profile{ClusterVersion: "1.2.2", OSSVersion: "2.3.0", Flink: &cluster.Flink{
			Storage:    cluster.Storage{URI: account},
			JobManager: cluster.Resources{CPU: 1, MemoryMB: 2000}, TaskManager: cluster.Resources{CPU: 1, MemoryMB: 2000},
			Configuration:  map[string]string{"execution.checkpointing.interval": "200 ms"},
			DeploymentMode: "Application",
			Job:            &cluster.JobSpec{JarDirectory: account + "/jars", JarName: "job.jar", EntryClass: "Counter", Args: &args, UpgradeMode: "UPDATE"},
		}},
	}}
	_, op, err := s.PutCluster(s.Context(), s.caller(), ref, spec, lifecycle.Conditions{})
	if err != nil {
		s.Fatal(err)
	}
	s.await(op.ID)
}

// update asks for a version that there was not, and answers the operation's id.
func (s *server) update(action cluster.Action) string {
	s.Helper()
	caller := s.caller()
	args := caller.RequestID
	s.seam.watch(caller.RequestID)
	if _, err := s.RunJob(s.Context(), caller, ref, cluster.RunJob{Action: action, Args: &args}); err != nil {
		s.Fatal(err)
	}
	return caller.RequestID
}

// await waits until an operation succeeded; false, if the server ended before.
func (s *server) await(id string) bool {
	s.Helper()
	for {
		select {
		case <-s.ended:
			return false
		case <-time.After(delay):
		}
		op, err := s.Operation(s.Context(), id)
		switch {
		case err != nil: // it dies
		case op.Running():
		case op.Error != nil:
			s.Fatalf("%s ended with %s: %s\n%s", op.Kind, op.Error.Code, op.Error.Message, lines(op))
		default:
			return true
		}
	}
}

func lines(op lifecycle.Operation) (text string) {
	for _, l := range op.Lines {
		text += fmt.Sprintf("%s %s: %s\n", l.At.Format("05.000"), l.Step, l.Text)
	}
	return text
}

// turn is how often an operation has committed; -1 while it is not there.
func (s *server) turn(id string) int64 {
	var op store.Operation
	err := s.store.Read(context.Background(), func(tx *store.Tx) (err error) {
		op, err = tx.Operation(id)
		return err
	})
	if err != nil {
		return -1
	}
	return op.Turn
}
