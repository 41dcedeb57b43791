package arm

import (
	"cmp"
	"math"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"drey/internal/cluster"
	"drey/internal/telemetry"
)

// Limits bound what callers may ask for. 0 is no limit.
type Limits struct {
	ReadsPerSecond, ReadBurst     int // of each principal
	WritesPerSecond, WriteBurst   int // of each principal; for deletions as much again, so that one can always clean up
	SignInsPerSecond, SignInBurst int // of each address: requests for a token, and requests whose token is refused
	AtOnce, AtOnceEach            int // requests under way: all, and those of each principal

	Body  time.Duration // for a request's body to arrive; a second more for each leastRate bytes of it
	Write time.Duration // for each piece of an answer to be taken
}

// mostCallers bounds what is remembered of callers; those beyond it share one account.
const mostCallers = 10_000

// throttle keeps the accounts. Health is never counted: whoever watches a server under load must not be turned away.
type throttle struct {
	Limits
	metrics *telemetry.Metrics

	mu         sync.Mutex
	underWay   int
	principals map[string]*account
	addresses  map[string]*rate.Limiter
}

// account is what a principal has left.
type account struct {
	reads, writes, deletes *rate.Limiter
	underWay               int
}

func newThrottle(l Limits, m *telemetry.Metrics) *throttle {
	return &throttle{Limits: l, metrics: m, principals: map[string]*account{}, addresses: map[string]*rate.Limiter{}}
}

func bucket(perSecond, burst int) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}

// full reports whether nothing was taken lately: then the bucket is as good as a new one.
func full(l *rate.Limiter, now time.Time) bool { return l.TokensAt(now) >= float64(l.Burst()) }

func (a *account) of(method string) *rate.Limiter {
	switch method {
	case http.MethodGet, http.MethodHead:
		return a.reads
	case http.MethodDelete:
		return a.deletes
	}
	return a.writes
}

// account is a principal's own; t.mu is held.
func (t *throttle) account(principal string, now time.Time) *account {
	return remembered(t.principals, principal, func(a *account) bool {
		return a.underWay == 0 && full(a.reads, now) && full(a.writes, now) && full(a.deletes, now)
	}, func() *account {
		return &account{reads: bucket(t.ReadsPerSecond, t.ReadBurst), writes: bucket(t.WritesPerSecond, t.WriteBurst), deletes: bucket(t.WritesPerSecond, t.WriteBurst)}
	})
}

// remembered finds or makes the value of a key. Where there are too many, idle ones go; if none is, all further keys share one value.
func remembered[V any](all map[string]V, key string, idle func(V) bool, fresh func() V) V {
	if v, ok := all[key]; ok {
		return v
	}
	if len(all) >= mostCallers {
		for k, v := range all {
			if idle(v) {
				delete(all, k)
			}
		}
	}
	if len(all) >= mostCallers {
		key = ""
		if v, ok := all[key]; ok {
			return v
		}
	}
	all[key] = fresh()
	return all[key]
}

// admit lets in a request of a principal, which must leave; left is how many more may follow at once, -1 if that is not limited.
func (t *throttle) admit(principal, method string, now time.Time) (leave func(), left int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.account(principal, now)
	switch {
	case t.AtOnce > 0 && t.underWay >= t.AtOnce:
		return nil, -1, t.refuse("server", time.Second, cluster.Errorf(cluster.Unavailable, "ServerBusy", "", "The server has as many requests under way as it can bear."))
	case t.AtOnceEach > 0 && a.underWay >= t.AtOnceEach:
		return nil, -1, t.refuse("at once", time.Second, cluster.Errorf(tooManyRequests, "", "", "The caller has %d requests under way, as many as it may.", a.underWay))
	}
	b := a.of(method)
	if err := t.take("rate", b, now); err != nil {
		return nil, 0, err
	}
	t.underWay++
	a.underWay++
	left = -1
	if b.Limit() != rate.Inf {
		left = max(0, int(b.TokensAt(now)))
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.underWay--
		a.underWay--
	}, left, nil
}

// signIn counts an attempt to be somebody, from an address "host:port".
func (t *throttle) signIn(remote string, now time.Time) error {
	host, _, _ := net.SplitHostPort(remote)
	t.mu.Lock()
	defer t.mu.Unlock()
	b := remembered(t.addresses, cmp.Or(host, remote), func(l *rate.Limiter) bool { return full(l, now) },
		func() *rate.Limiter { return bucket(t.SignInsPerSecond, t.SignInBurst) })
	return t.take("sign-in", b, now)
}

// take takes one from a bucket, or says when there will be one.
func (t *throttle) take(reason string, b *rate.Limiter, now time.Time) error {
	r := b.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	r.CancelAt(now)
	return t.refuse(reason, wait, cluster.Errorf(tooManyRequests, "", "", "The caller asks too often."))
}

func (t *throttle) refuse(reason string, wait time.Duration, e *cluster.Error) error {
	t.metrics.Refuse(reason)
	return &throttled{seconds: int(math.Ceil(wait.Seconds())), err: e}
}

// throttled is an error after which the same request may succeed.
type throttled struct {
	seconds int // from now
	err     *cluster.Error
}

// Error implements error.
func (e *throttled) Error() string { return e.err.Error() }

// Unwrap gives what is shown.
func (e *throttled) Unwrap() error { return e.err }
