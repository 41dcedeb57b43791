// Package simtest runs the whole of lifecycle, with its real store, engine, steps, Flink client and storage, over a simulated target in
// virtual time: a testing/synctest bubble in which waiting costs nothing, so that time spent is time that Drey made the job wait.
package simtest

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/flink/fake"
	"drey/internal/lifecycle"
	"drey/internal/runtime/simulated"
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
	runtime *simulated.Runtime
	weather *weather
	ledger  ledger
	asked   int // requests so far
}

// steady is a Flink of which each step takes the same time.
var steady = fake.All(delay)

func newRig(t *testing.T, behaviour fake.Behaviour) *rig {
	r := &rig{T: t, dir: memory(t)}
	var err error
	if r.storage, err = storage.New(filepath.Join(r.dir, "storage")); err != nil {
		t.Fatal(err)
	}
	flink := simulated.Flink{Storage: r.storage, Behaviour: behaviour, Began: r.ledger.began, Over: r.ledger.over, Stopped: r.ledger.tellStopped}
	r.runtime = simulated.New(simulated.Config{Programs: flink.Programs, Boot: delay, Gone: delay, Open: delay})
	r.weather = &weather{Runtime: r.runtime}
	r.weather.clear()
	r.putJar("job.jar")
	return r
}

// memory is a folder in memory, where there is one: what a simulation writes outlives nothing, and syncing it is what it would wait for most.
func memory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "drey-sim-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// putJar puts a jar to where a job's is looked for.
func (r *rig) putJar(name string) {
	at, err := cluster.ParseURI(account+"/jars/"+name, cluster.StorageURI{})
	if err != nil {
		r.Fatal(err)
	}
	if _, _, err := r.storage.Put(r.Context(), at, bytes.NewReader(jar(r.T)), 1<<20); err != nil {
		r.Fatal(err)
	}
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
	s, err := r.live(f, nil, nil)
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// live is serve, for a server that may not come up; tell is told of each of its effects, committed after each of its commits.
func (r *rig) live(f *fate, tell func(*server, effect) error, committed func()) (*server, error) {
	ctx, cancel := context.WithCancel(r.Context())
	st, err := r.open(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	s := &server{rig: r, store: st, end: cancel, ended: make(chan struct{})}
	s.seam = &seam{Runtime: r.weather, fate: f, turn: s.turn, kill: s.kill, full: r.weather.full, committed: committed}
	if tell != nil {
		s.seam.tell = func(e effect) error { return tell(s, e) }
	}
	st.Around(s.seam.committing)
	r.ledger.onStopped(func() { s.seam.note("COMPLETED", "") })
	if s.Service, err = lifecycle.New(s.config()); err == nil {
		err = s.Claim(ctx)
	}
	if err != nil {
		cancel()
		return nil, errors.Join(err, st.Close())
	}
	go func() {
		defer close(s.ended)
		_ = s.Run(ctx)
	}()
	return s, nil
}

// image is a database with its tables, and with what a server finds made.
var image = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "drey-sim-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	at := filepath.Join(dir, "image.db")
	st, err := store.Open(context.Background(), "sqlite:"+at, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	seed := lifecycle.Seed{
		Targets:      map[string]string{target: "simulated"},
		Subscription: store.Subscription{ID: pool.Subscription, Name: "sim", Tenant: pool.Subscription},
		Group:        store.Group{Subscription: pool.Subscription, Name: pool.Group, Location: target},
		Pool:         cluster.Pool{Ref: pool, Location: target, Target: target, VMSize: "Standard_D4s_v5", Version: "1.2"},
	}
	if err := errors.Join(lifecycle.Plant(context.Background(), st, lifecycle.Config{Now: time.Now}, seed), st.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(at)
})

// open opens the database; the first time, from the image.
func (r *rig) open(ctx context.Context) (*store.Store, error) {
	at := filepath.Join(r.dir, "drey.db")
	if _, err := os.Stat(at); err != nil {
		made, err := image()
		if err == nil {
			err = os.WriteFile(at, made, 0o600)
		}
		if err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, "sqlite:"+at, slog.New(slog.DiscardHandler))
}

func (s *server) config() lifecycle.Config {
	known := flink.Facts(flink.Distributions{Dir: s.dir}, flink.Java{Major: 17}, 512)
	known.Installed = []string{"2.2.1", "2.3.0", "2.4.0"}
	return lifecycle.Config{
		Store: s.store, Storage: s.storage,
		Targets: map[string]lifecycle.Target{target: {
			Runtime: s.seam, Kind: lifecycle.KindSimulated, MemoryMB: 1 << 20, Facts: func() cluster.FlinkFacts { return known },
		}},
		GateJar: "/sim/drey-flink.jar", GateJarSHA: "0", KeptFor: time.Hour,
		Gate:     lifecycle.HealthGate{Maximum: time.Minute, Restarts: 3},
		Recovery: lifecycle.Recovery{Budget: 5, Window: time.Hour, Backoff: time.Second, Most: time.Minute, Register: 30 * time.Second},
		Domain:   "sim.localhost", Version: "sim", Holder: "sim", Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
}

// stop ends a server in order, and waits for it.
func (s *server) stop() {
	s.end()
	<-s.ended
	_ = s.store.Close()
}

// kill ends a server as kill -9 does: its seam lets nothing through any more.
func (s *server) kill() {
	s.end()
	go func() { _ = s.store.Close() }() // it waits for the change whose commit may be what kills it
}

func (r *rig) caller() lifecycle.Caller {
	r.asked++
	id := fmt.Sprintf("00000000-0000-0000-0000-%012d", r.asked)
	return lifecycle.Caller{Principal: "somebody", RequestID: id, Method: "POST", URL: "/" + id}
}

// create declares a cluster, and waits until its job runs.
func (s *server) create() {
	s.Helper()
	_, op, err := s.PutCluster(s.Context(), s.caller(), ref, cluster.ByOurPut, counter(), lifecycle.Conditions{})
	if err != nil {
		s.Fatal(err)
	}
	s.await(op.ID)
}

// counter is the cluster of all tests.
func counter() cluster.Spec {
	args := "one"
	return cluster.Spec{Location: target, Properties: cluster.Properties{
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
