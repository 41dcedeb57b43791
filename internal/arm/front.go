// Package arm is the ARM front: one table of routes, what surrounds every request, and handlers that only translate between
// the wire and the door.
package arm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/identity"
	"drey/internal/lifecycle"
	"drey/internal/telemetry"
)

// Options of a [Front]; the zero value is good.
type Options struct {
	Log *slog.Logger
	Now func() time.Time
	// SameLocation makes Location the status URL in a subscription, as the original did; for replays of it (R44).
	SameLocation func(subscription string) bool
	// RetryAfterSeconds is the first Retry-After of a long-running operation; 0 = 1 (R38).
	RetryAfterSeconds int
	// RunJobAlwaysSucceeds shows every ended runJob operation as Succeeded, as recorded for sessions; for replays (R44).
	RunJobAlwaysSucceeds bool
	Limits               Limits
	Metrics              *telemetry.Metrics // nil: nothing is counted
	// Ready says what is wrong with the server, in words that anybody may read; nil, or nothing: it is ready.
	Ready func(context.Context) []string
}

// Front serves the API.
type Front struct {
	door    lifecycle.Door
	issuer  *identity.Issuer
	options Options
	routes  []*route
	limits  *throttle
	encoded encoded
}

// New makes the front of door. issuer says whose token a request bears, and serves the anonymous routes to get one.
func New(door lifecycle.Door, issuer *identity.Issuer, options Options) *Front {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.SameLocation == nil {
		options.SameLocation = func(string) bool { return false }
	}
	return &Front{door: door, issuer: issuer, options: options, routes: table(), limits: newThrottle(options.Limits, options.Metrics), encoded: newEncoded()}
}

// ServeHTTP implements [http.Handler]. It is the one wrapper around all handlers: it names the request, finds out who asks and whether he may,
// logs the outcome, and answers every error and panic.
func (f *Front) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	began := f.options.Now()
	w := &response{ResponseWriter: out, limit: f.options.Limits.Write}
	w.within(0) // the request before on this connection left its own
	defer func() { w.within(w.limit) }()
	paced(out, in, f.options.Limits.Body)
	r := newRequest(in)
	f.standardHeaders(w, r)
	err := f.guard(w, r)
	if err != nil && !w.began() {
		f.fail(w, r, err)
	}
	f.tell(in.Context(), r, w.status, f.options.Now().Sub(began), err)
	if err != nil && w.streaming {
		panic(http.ErrAbortHandler) // the caller must see that the rest is missing
	}
}

// guard runs the request and turns a panic into an error.
func (f *Front) guard(w *response, r *request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			f.options.Metrics.Panic("request")
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f.serve(w, r)
}

func (f *Front) serve(w *response, r *request) error {
	segments, wellFormed := split(r.URL.EscapedPath())
	rt, params, others := f.find(r.Method, segments)
	if rt != nil && wellFormed {
		r.route, r.params = rt, params
	}
	leave, err := f.enter(w, r)
	if err != nil {
		return err
	}
	defer leave()
	r.Request = r.WithContext(telemetry.With(r.Context(), r.names()...))
	if r.route == nil {
		return f.notRouted(w, r, others)
	}
	v, err := versionOf(r.Request, r.route)
	if err != nil {
		return err
	}
	r.version = v
	if err := f.authorize(r); err != nil {
		return err
	}
	if err := checkDryRun(r); err != nil {
		return err
	}
	return r.route.handle(f, w, r)
}

// enter finds out who asks, and whether there is room for it.
func (f *Front) enter(w http.ResponseWriter, r *request) (leave func(), err error) {
	now := f.options.Now()
	if r.route != nil && r.route.action == anonymous {
		if r.Method == http.MethodPost {
			err = f.limits.signIn(r.RemoteAddr, now)
		}
		return func() {}, err
	}
	if err := f.signIn(w, r); err != nil {
		if e := f.limits.signIn(r.RemoteAddr, now); e != nil {
			w.Header().Del("WWW-Authenticate")
			return nil, e
		}
		return nil, err
	}
	leave, left, err := f.limits.admit(r.caller.Principal, r.Method, now)
	if name := writesLeft; left >= 0 {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			name = readsLeft
		}
		w.Header().Set(name, strconv.Itoa(left))
	}
	return leave, err
}

func (f *Front) notRouted(w http.ResponseWriter, r *request, others []string) error {
	if len(others) == 0 {
		return cluster.Errorf(cluster.NotFound, "InvalidResourceType", "", "There is nothing at this path.")
	}
	slices.Sort(others)
	w.Header().Set("Allow", strings.Join(others, ", "))
	return cluster.Errorf(methodNotAllowed, "", "", "The method %s is not supported here.", r.Method)
}

// signIn finds out who asks.
func (f *Front) signIn(w http.ResponseWriter, r *request) error {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	var who identity.Principal
	err := errors.New("no bearer token")
	e := cluster.Errorf(cluster.Unauthenticated, "AuthenticationFailed", "", "Authentication failed. The 'Authorization' header has no bearer token.")
	if strings.EqualFold(scheme, "Bearer") && len(r.Header.Values("Authorization")) == 1 {
		who, err = f.issuer.Verify(strings.TrimSpace(token))
	}
	switch {
	case err == nil:
		r.who, r.caller.Principal, r.caller.PrincipalType = who, cmp.Or(who.ObjectID, who.AppID), who.Type
		return nil
	case errors.Is(err, identity.ErrExpiredToken):
		e = cluster.Errorf(cluster.Unauthenticated, "ExpiredAuthenticationToken", "", "The access token has expired.")
	case errors.Is(err, identity.ErrInvalidToken):
		e = cluster.Errorf(cluster.Unauthenticated, "InvalidAuthenticationToken", "", "The access token is invalid.")
	}
	e.Err = err
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization_uri="%s/%s", error="invalid_token", error_description="%s"`,
		r.base(), f.issuer.Tenant(), strings.ReplaceAll(e.Message, `"`, `'`)))
	return e
}

// authorize asks whether the caller may, and only then whether subscription and group exist: who may not learns nothing.
func (f *Front) authorize(r *request) error {
	if r.route.action == anonymous {
		return nil
	}
	scope := r.scope()
	if r.route.byRecord {
		if err := f.loadOperation(r); err != nil {
			return err
		}
		scope = r.operation.ResourceID
	}
	if !identity.Allow(r.who, r.route.action, scope) {
		if r.route.byRecord {
			return noOperation() // another's operation looks like none
		}
		return forbidden(r.who, r.route.action, scope)
	}
	if r.params["subscription"] == "" {
		return nil
	}
	if !guidForm.MatchString(r.params["subscription"]) {
		return cluster.Errorf(cluster.Invalid, "InvalidSubscriptionId", "subscriptionId", "The subscription id is no GUID.")
	}
	if r.route.finds {
		return nil
	}
	return f.door.Scope(r.Context(), r.params["subscription"], r.params["group"])
}

func forbidden(who identity.Principal, action, scope string) error {
	return cluster.Errorf(cluster.Forbidden, "AuthorizationFailed", "",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s'.", who.Name, who.ObjectID, action, scope)
}
