package kubernetes

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

// askTimeout bounds one question to a keeper. It answers within milliseconds, or not at all.
const askTimeout = 2 * time.Second

// at is a pod whose keeper can be spoken to.
type at struct {
	id  runtime.IncarnationID
	uid types.UID
	ip  string
}

// whereIs answers where the keeper of a pod is; false if it has no address (yet), or its container has ended.
func whereIs(p *core.Pod) (at, bool) {
	id := runtime.IncarnationID(p.Labels[incarnationLabel])
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Running != nil && p.Status.PodIP != "" {
			return at{id, p.UID, p.Status.PodIP}, true
		}
	}
	return at{}, false
}

// keepers speaks to the keepers of all pods. A connection is known by the pod's UID, so that an address that another pod got
// meanwhile is never taken for it; and the other side proves to have the incarnation's key.
type keepers struct {
	key       string
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	transport *http.Transport
	mu        sync.Mutex
	places    map[types.UID]at
}

func newKeepers(key string, dial func(ctx context.Context, network, address string) (net.Conn, error)) *keepers {
	k := &keepers{key: key, dial: dial, places: map[types.UID]at{}}
	k.transport = &http.Transport{DialTLSContext: k.connect, MaxIdleConnsPerHost: 4, IdleConnTimeout: 60 * time.Second}
	return k
}

func (k *keepers) close() { k.transport.CloseIdleConnections() }

// keyOf is the key of an incarnation. It is derived, so that we never read a Secret.
func (k *keepers) keyOf(id runtime.IncarnationID) string {
	key, err := hkdf.Key(sha256.New, []byte(k.key), nil, "incarnation "+string(id), 32)
	if err != nil {
		panic(err) // only for lengths that cannot be
	}
	return hex.EncodeToString(key)
}

// of is the client of a pod's keeper.
func (k *keepers) of(a at) *keeper.Client {
	k.mu.Lock()
	k.places[a.uid] = a
	k.mu.Unlock()
	return keeper.NewClient("https://"+string(a.uid)+":"+strconv.Itoa(keeperPort), keeper.Bearer(k.keyOf(a.id)), k.transport)
}

// forget drops what is known of a pod that is gone.
func (k *keepers) forget(uid types.UID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.places, uid)
}

func (k *keepers) connect(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	a, known := k.places[types.UID(host)]
	k.mu.Unlock()
	if !known {
		return nil, fmt.Errorf("no pod %s is known", host)
	}
	plain, err := k.dial(ctx, network, net.JoinHostPort(a.ip, port))
	if err != nil {
		return nil, err
	}
	return secured(ctx, plain, keeper.Pinned(k.keyOf(a.id)))
}

// ask asks a keeper for its status, with a bound, and makes sure that it is the one that is meant.
func (k *keepers) ask(ctx context.Context, a at, p runtime.ProcessID) (keeper.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	s, err := k.of(a).Status(ctx)
	if err == nil && (s.Incarnation != string(a.id) || s.Process != p.String()) {
		err = fmt.Errorf("it is the keeper of %s of incarnation %s", s.Process, strings.ToLower(s.Incarnation))
	}
	return s, err
}
