package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/flink"
	"drey/internal/runtime"
	"drey/internal/storage"
	"drey/internal/store"
)

// Config is what a Service needs.
type Config struct {
	Store    *store.Store
	Runtimes map[string]runtime.Runtime // by name of the target
	Storage  *storage.Mounts
	// Facts says what validation must know of Flink, with the distributions installed now.
	Facts  func() cluster.FlinkFacts
	Limits cluster.Limits

	StorageRoot string // folder of the folder mounts, for Flink's plugin
	GateJar     string // file of our Java jar
	GateJarSHA  string
	// Archives are the class-data archives that fit a distribution now. Nil: there are none.
	Archives          func(version string) flink.Archives
	PortLow, PortHigh int
	UploadBytes       int64         // greatest upload
	MemoryMB          int64         // what all roles together may reserve
	KeptFor           time.Duration // how long ended operations stay
	Domain            string        // of FQDNs (R40)
	Gate              HealthGate
	Recovery          Recovery
	FlinkTransport    http.RoundTripper // below the clients of JobManagers. Nil: HTTP
	Version           string            // of Drey
	Holder            string            // names this server as an owner of targets
	Now               func() time.Time
	Log               *slog.Logger
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
	if len(c.Runtimes) == 0 {
		return nil, errors.New("no target is configured")
	}
	if c.PortHigh-c.PortLow < 10*portsEach {
		return nil, fmt.Errorf("the port range %d-%d is too small", c.PortLow, c.PortHigh)
	}
	s := &Service{world: newWorld(c), owner: newOwner(c), started: c.Now()}
	s.engine = engine.New(engine.Config{Store: c.Store, Kinds: erase(s.world), Fence: s.owner.fence, Now: c.Now, Log: c.Log})
	return s, nil
}

// grace is how long a running turn may go on after the server was asked to stop.
const grace = 10 * time.Second

// Claim takes the targets. Nothing may be changed before it has succeeded.
func (s *Service) Claim(ctx context.Context) error {
	for name := range s.Runtimes {
		if err := s.owner.claim(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// Run keeps the targets, runs operations and watches, until ctx ends. Running jobs are left alone.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for name, rt := range s.Runtimes {
		g.Go(func() error { return s.owner.keep(context.WithoutCancel(ctx), ctx.Done(), name) })
		g.Go(func() error { return s.engine.Run(ctx, name, grace) })
		w := &watcher{Service: s, target: name, runtime: rt, checkpoints: map[string]int64{}}
		g.Go(func() error { return w.run(ctx) })
	}
	return g.Wait()
}

var _ Door = (*Service)(nil)
