// Package kubernetes runs incarnations in a namespace of a Kubernetes cluster: one bare pod for each process, with a keeper as
// its first process. What is kept of an incarnation, and how its death is proved, is in docs/decisions/0009-kubernetes.md.
package kubernetes

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"sync"
	"time"

	client "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"drey/internal/runtime"
)

// Config is what a Runtime needs.
type Config struct {
	Kubeconfig string // path; "" with InCluster, else the places where kubectl looks
	Context    string // of the kubeconfig; "" is its current one
	InCluster  bool   // we are a pod of the cluster
	Namespace  string
	Identity   string // who the target must be, as [Runtime.Identity] answered before; "" is whoever it is at first

	Dir   string // where pulled output is kept
	Key   string // at least 32 letters; the keys of all incarnations are made of it
	Drey  string // our image, with /drey-keep
	Image func(version string) (Image, error)
	Pull  string // the pods' image pull policy: Always, IfNotPresent, Never; "" is IfNotPresent
	Claim string // a PersistentVolumeClaim that every pod mounts, "" for none
	Mount string // where
	// Template is what the pods of every job get. A job's own is laid over it.
	Template Template
	// CPURequestPercent of a process's CPU is requested for it, 1 to 100; 0 is 100. All of it is the limit.
	CPURequestPercent int
	// TLS is between the processes of an incarnation, and between them and us, under an identity of its own. It holds for those prepared
	// from now on.
	TLS bool
	// Isolate gives each incarnation prepared from now on a NetworkPolicy, for namespaces where jobs may not reach each other.
	Isolate bool
	User    int64 // uid, gid and fsGroup of the processes; 0 is 9999, the official image's

	// Dial reaches a pod's address. Nil: as any program does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger // nil: the default one
}

// Image is a Flink image.
type Image struct {
	Name string // for example "flink:2.3.0-java17"
	Home string // where Flink lies in it; "" is /opt/flink
}

// Runtime is a [runtime.Runtime] in a namespace.
type Runtime struct {
	config   Config
	log      *slog.Logger
	api      client.Interface // each call ends by itself
	watching client.Interface // calls that last
	owning   client.Interface // calls that our right to act hangs on: they wait for none of the others
	keepers  *keepers
	gates    *http.Transport // to the processes with gates
	ids      keyed           // by incarnation: one change of it at a time
	pulling  keyed           // by process: one reader of its output at a time

	mu       sync.Mutex
	identity string
	views    map[runtime.IncarnationID]view
}

var _ runtime.Runtime = (*Runtime)(nil)

// apiTimeout bounds one call of the API.
const apiTimeout = 10 * time.Second

// New makes a Runtime. It calls nobody.
func New(c Config) (*Runtime, error) {
	if len(c.Key) < 32 {
		return nil, errors.New("the key of a Kubernetes target is too short")
	}
	if c.Namespace == "" || c.Drey == "" || c.Image == nil || c.Dir == "" {
		return nil, errors.New("a Kubernetes target needs a namespace, images and a folder")
	}
	config, err := restConfig(c)
	if err != nil {
		return nil, fmt.Errorf("cannot read the way to the Kubernetes API: %w", err)
	}
	config.ContentType = "application/json" // few and small objects, which anybody can read who looks on
	var clients [3]client.Interface
	for i, kind := range []struct {
		timeout   time.Duration
		perSecond float32 // -1: no limit
	}{{apiTimeout, 50}, {0, 50}, {apiTimeout, -1}} {
		config := rest.CopyConfig(config)
		config.Timeout, config.QPS, config.Burst = kind.timeout, kind.perSecond, 100
		if clients[i], err = client.NewForConfig(config); err != nil {
			return nil, fmt.Errorf("cannot make a client of the Kubernetes API: %w", err)
		}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: askTimeout}).DialContext
	}
	c.User, c.Pull, c.CPURequestPercent = cmp.Or(c.User, 9999), cmp.Or(c.Pull, "IfNotPresent"), cmp.Or(c.CPURequestPercent, 100)
	r := &Runtime{
		config: c, log: c.Log, api: clients[0], watching: clients[1], owning: clients[2], keepers: newKeepers(c.Key, c.Dial), identity: c.Identity,
		views: map[runtime.IncarnationID]view{},
	}
	r.gates = &http.Transport{DialTLSContext: r.connect, MaxIdleConnsPerHost: 2, IdleConnTimeout: 60 * time.Second}
	return r, nil
}

func restConfig(c Config) (*rest.Config, error) {
	if c.InCluster {
		return rest.InClusterConfig()
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: c.Context}).ClientConfig()
}

// Close lets connections go. Running incarnations go on.
func (r *Runtime) Close() error {
	r.keepers.close()
	r.gates.CloseIdleConnections()
	return nil
}

// Where things lie inside a pod.
const (
	binFolder  = "/drey/bin"
	keepFolder = "/drey/keep"
	confFolder = "/drey/conf"
	runFolder  = "/drey/run" // writable
	javaLink   = runFolder + "/java"
	jobManager = "drey-jobmanager" // the name of the Service's address inside the pods
)

func (i Image) home() string { return cmp.Or(i.Home, "/opt/flink") }

// Layout implements [runtime.Runtime].
func (r *Runtime) Layout(_ context.Context, s runtime.Shape) (runtime.Layout, error) {
	if err := checkID(s.ID); err != nil {
		return runtime.Layout{}, err
	}
	image, err := r.config.Image(s.Distribution)
	if err != nil {
		return runtime.Layout{}, err
	}
	home := image.home()
	var identity *tls.Certificate
	if r.config.TLS {
		if identity, err = identityOf(s.ID, r.keepers.keyOf(s.ID)); err != nil {
			return runtime.Layout{}, err
		}
	}
	return runtime.Layout{
		Host: jobManager, Bind: "0.0.0.0", Own: "@address", Java: javaLink,
		Distribution: home, Lib: home + "/lib", Opt: home + "/opt",
		Conf: confFolder, Jars: runFolder + "/jars", Plugins: runFolder + "/plugins", Gate: runFolder + "/gate", Work: runFolder + "/work",
		Identity: identity,
	}, nil
}

var idForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

func checkID(id runtime.IncarnationID) error {
	if !idForm.MatchString(string(id)) {
		return fmt.Errorf("%q is no incarnation id", string(id))
	}
	return nil
}

// keyed is a mutex for each key. The map keeps what it once had: an id is few bytes.
type keyed struct{ all sync.Map }

// lock locks key; the answer unlocks it.
func (k *keyed) lock(key string) (unlock func()) {
	m, _ := k.all.LoadOrStore(key, &sync.Mutex{})
	m.(*sync.Mutex).Lock()
	return m.(*sync.Mutex).Unlock
}
