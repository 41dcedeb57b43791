package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"drey/internal/arm"
	"drey/internal/cluster"
	"drey/internal/identity"
	"drey/internal/lifecycle"
	"drey/internal/runtime/kubernetes"
	"drey/internal/runtime/local"
	"drey/internal/runtime/simulated"
	"drey/internal/secret"
	"drey/internal/storage"
	"drey/internal/store"
	"drey/internal/telemetry"
)

// devGroup is the resource group that --dev makes. Its pool is called by the location that it is at.
const devGroup = "dev"

// parts are what a server is made of, in the order in which they are made.
type parts struct {
	names    Names
	metrics  *telemetry.Metrics
	store    *store.Store
	runtime  *local.Runtime      // nil: switched off
	remote   *simulated.Remote   // the way to the simulated target
	kube     *kubernetes.Runtime // nil: not configured
	archives *archives           // nil: switched off
	service  *lifecycle.Service
	front    *arm.Front
}

// DistributionsDir is where a data directory keeps Flink: a folder of its own, unless DREY_DISTRIBUTIONS names one that
// several data directories share.
func DistributionsDir(data string) string {
	if dir := os.Getenv("DREY_DISTRIBUTIONS"); dir != "" {
		return dir
	}
	return filepath.Join(data, "distributions")
}

// build makes the parts over a data directory whose lock is held.
func build(ctx context.Context, c Config, log *slog.Logger) (p parts, err error) {
	defer func() {
		if err != nil {
			p.close(log)
		}
	}()
	p.metrics = telemetry.New(Version())
	if p.names, err = loadNames(c.Data); err != nil {
		return p, err
	}
	keeper, jar, err := unpack(c.Data, embedded)
	if err != nil {
		return p, err
	}
	if p.store, err = store.Open(ctx, c.Database.at(c.Data), log); err != nil {
		return p, err
	}
	p.store.OnCommit(p.metrics.Commit)
	config, err := lifecycleConfig(ctx, c, p, jar, log)
	if err != nil {
		return p, err
	}
	if c.Local {
		if config.Targets[localTarget], err = p.localAt(ctx, c, keeper, jar, log); err != nil {
			return p, err
		}
	}
	if p.archives != nil {
		config.Archives = p.archives.of
	}
	if config.Targets[simulatedTarget], p.remote, err = simulatedAt(c.Data, config.StorageRoot, c.Limits.MinimumMemoryMB); err != nil {
		return p, err
	}
	if c.Kubernetes.Namespace != "" {
		if config.Targets[kubernetesTarget], p.kube, err = kubernetesAt(c, config.StorageRoot, log); err != nil {
			return p, err
		}
	}
	if err := lifecycle.Plant(ctx, p.store, config, seed(c, p.names)); err != nil {
		return p, fmt.Errorf("cannot prepare the database: %w", err)
	}
	if p.service, err = lifecycle.New(config); err != nil {
		return p, err
	}
	p.metrics.Watch(p.service.State)
	issuer, err := identity.NewIssuer(identity.Config{
		KeyFile: filepath.Join(c.Data, "token-key.pem"), Tenant: p.names.TenantID,
		Clients: []identity.Client{{
			ID: p.names.ClientID, Secret: secret.New(p.names.ClientSecret), ObjectID: p.names.ObjectID, Name: "drey",
			Roles: []identity.Assignment{{Role: "Owner", Scope: "/"}},
		}},
	})
	if err != nil {
		return p, err
	}
	p.front = arm.New(p.service, issuer, arm.Options{Log: log, RetryAfterSeconds: c.Poll.RetryAfterSeconds,
		Limits: c.HTTP.limits(), Metrics: p.metrics, Ready: p.ready})
	return p, nil
}

func lifecycleConfig(ctx context.Context, c Config, p parts, jar Carried, log *slog.Logger) (lifecycle.Config, error) {
	mounts, err := storage.New(c.Storage.Folder)
	if err != nil {
		return lifecycle.Config{}, err
	}
	s3, err := c.Storage.S3.mount(ctx, mounts, filepath.Join(c.Data, copiesFolder))
	if err != nil {
		return lifecycle.Config{}, err
	}
	holder, err := holderOf(c.Data)
	if err != nil {
		return lifecycle.Config{}, err
	}
	config := lifecycle.Config{
		Store: p.store, Storage: mounts, S3: s3, Targets: map[string]lifecycle.Target{},
		Limits:      cluster.Limits{StorageSuffixes: c.Storage.Suffixes, Buckets: c.Storage.S3.Buckets},
		StorageRoot: c.Storage.Folder, GateJar: jar.Path, GateJarSHA: jar.SHA256,
		UploadBytes: c.Limits.UploadBytes,
		KeptFor:     time.Duration(c.Operations.KeptHours) * time.Hour, Domain: "drey.localhost", Version: Version(), Metrics: p.metrics, Holder: holder, Shared: c.Database != "", Now: time.Now, Log: log,
	}
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	config.Gate = lifecycle.HealthGate{Minimum: seconds(c.Gate.MinimumSeconds), Maximum: seconds(c.Gate.MaximumSeconds), Restarts: c.Gate.Restarts}
	config.Recovery = lifecycle.Recovery{Budget: c.Recovery.Budget, Window: time.Duration(c.Recovery.WindowMinutes) * time.Minute,
		Backoff: seconds(c.Recovery.BackoffSeconds), Most: seconds(c.Recovery.BackoffMostSeconds), Register: seconds(c.Recovery.RegisterSeconds)}
	return config, nil
}

// holderOf names this process as an owner of targets: by its data directory, of which no other has machine and inode, and its pid.
func holderOf(data string) (string, error) {
	info, err := os.Stat(data)
	if err != nil {
		return "", err
	}
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("cannot tell the name of this machine: %w", err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%s:%s:%d:%d/%d", host, data, stat.Dev, stat.Ino, os.Getpid()), nil
}

// seed is what the database of this server begins with.
func seed(c Config, n Names) lifecycle.Seed {
	s := lifecycle.Seed{
		Directory:    n.DirectoryID,
		Targets:      map[string]string{simulatedTarget: lifecycle.KindSimulated},
		Subscription: store.Subscription{ID: n.SubscriptionID, Name: "drey", Tenant: n.TenantID},
	}
	if c.Kubernetes.Namespace != "" {
		s.Targets[kubernetesTarget] = lifecycle.KindKubernetes
	}
	if c.Local {
		s.Targets[localTarget] = lifecycle.KindLocal
	}
	if c.Dev {
		at := c.place()
		s.Group = store.Group{Subscription: n.SubscriptionID, Name: devGroup, Location: at}
		s.Pool = cluster.Pool{
			Ref:      cluster.PoolRef{Subscription: n.SubscriptionID, Group: devGroup, Pool: at},
			Location: at, Target: at, VMSize: "Standard_D4s_v5", Version: "1.2",
		}
	}
	return s
}

// close ends what was made, last first. Running jobs are left alone.
func (p parts) close(log *slog.Logger) {
	var errs []error
	if p.remote != nil {
		p.remote.Close()
	}
	if p.kube != nil {
		errs = append(errs, p.kube.Close())
	}
	if p.runtime != nil {
		errs = append(errs, p.runtime.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if err := errors.Join(errs...); err != nil {
		log.Error("cannot close everything in order", "error", err)
	}
}

// listen binds the address; an address in use is told with the way out.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; another program may have the port: choose another with --listen 127.0.0.1:PORT, or :0 for any free one", address, unwrapped(err))
	}
	return l, nil
}

func unwrapped(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Err
	}
	return err
}
