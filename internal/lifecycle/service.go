package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/flink"
	"drey/internal/runtime"
	"drey/internal/storage"
	"drey/internal/store"
	"drey/internal/telemetry"
)

// The kinds of targets.
const (
	KindLocal     = "local"
	KindSimulated = "simulated"
	// KindKubernetes is a namespace: its pods have addresses and files of their own.
	KindKubernetes = "kubernetes"
)

// Target is a place that a Service runs jobs on.
type Target struct {
	runtime.Runtime
	Kind string // KindLocal, KindSimulated, KindKubernetes
	// Facts says what validation must know of Flink there, with the distributions that are installed now.
	Facts func() cluster.FlinkFacts
	// Plugins are the jars of a distribution that go into each incarnation's plugins folder. Nil: there are none.
	Plugins  func(version string) ([]flink.Plugin, error)
	Ports    [2]int // first and last port that its JobManagers share; zero: each incarnation has an address of its own
	MemoryMB int64  // what all roles together may reserve
}

// Config is what a Service needs.
type Config struct {
	Store   *store.Store
	Targets map[string]Target // by name
	Storage *storage.Mounts
	S3      flink.S3 // where its buckets are, for processes
	Limits  cluster.Limits

	StorageRoot string // folder of the folder mounts, for Flink's plugin
	GateJar     string // file of our Java jar
	GateJarSHA  string
	// Archives are the class-data archives that fit a distribution now. Nil: there are none.
	Archives    func(version string) flink.Archives
	UploadBytes int64         // greatest upload
	KeptFor     time.Duration // how long ended operations stay
	Domain      string        // of FQDNs (R40)
	Gate        HealthGate
	Recovery    Recovery
	Version     string // of Drey
	Holder      string // names this server as an owner of targets: where only one server runs at a time, "/", and which one
	Shared      bool   // other servers may use the store: a target may have an owner elsewhere
	Now         func() time.Time
	Log         *slog.Logger
	Metrics     *telemetry.Metrics // nil: nothing is counted
}

// Service is lifecycle's door: see [Door] for what each method promises.
type Service struct {
	*world
	engine  *engine.Engine
	owner   *owner
	started time.Time
}

// New makes a Service; Run makes it work.
func New(c Config) (*Service, error) {
	if len(c.Targets) == 0 {
		return nil, errors.New("no target is configured")
	}
	for name, t := range c.Targets {
		if shared := t.Ports[1] - t.Ports[0]; shared != 0 && shared < 10*portsEach {
			return nil, fmt.Errorf("the port range %d-%d of target %s is too small", t.Ports[0], t.Ports[1], name)
		}
	}
	s := &Service{world: &world{c}, owner: newOwner(c), started: c.Now()}
	s.engine = engine.New(engine.Config{Store: c.Store, Kinds: erase(s.world), Fence: s.owner.fence, Now: c.Now, Log: c.Log, Ended: s.measured, Metrics: c.Metrics})
	return s, nil
}

// grace is how long a running turn may go on after the server was asked to stop.
const grace = 10 * time.Second

// Claim takes the targets that are free. Nothing may be changed before it has succeeded. Those that belong elsewhere are watched by Run, which takes
// them when their owner is gone.
func (s *Service) Claim(ctx context.Context) error {
	for name := range s.Targets {
		err := s.owner.tend(ctx, name)
		if s.Shared && (errors.Is(err, errOther) || errors.Is(err, errDeposed)) {
			s.Log.WarnContext(ctx, "this server cannot act on a target", "target", name, "error", err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Run keeps the targets, runs operations and watches, until ctx ends. Running jobs are left alone.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for name, rt := range s.Targets {
		g.Go(func() error { return s.owner.keep(context.WithoutCancel(ctx), ctx.Done(), name) })
		g.Go(func() error { return s.engine.Run(ctx, name, grace) })
		w := newWatcher(s, name, rt)
		g.Go(func() error { return w.run(ctx) })
	}
	return g.Wait()
}

var _ Door = (*Service)(nil)
