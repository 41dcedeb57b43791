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
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/identity"
	"drey/internal/lifecycle"
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
}

// Front serves the API.
type Front struct {
	door    lifecycle.Door
	issuer  *identity.Issuer
	options Options
	routes  []*route
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
	return &Front{door: door, issuer: issuer, options: options, routes: table()}
}

// ServeHTTP implements [http.Handler]. It is the one wrapper around all handlers: it names the request, finds out who asks and whether he may,
// logs the outcome, and answers every error and panic.
func (f *Front) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	began := f.options.Now()
	w := &response{ResponseWriter: out}
	r := newRequest(in)
	f.standardHeaders(w, r)
	err := f.guard(w, r)
	if err != nil && !w.began() {
		f.fail(w, r, err)
	}
	f.log(r, w.status, f.options.Now().Sub(began), err)
	if err != nil && w.streaming {
		panic(http.ErrAbortHandler) // the caller must see that the rest is missing
	}
}

// guard runs the request and turns a panic into an error.
func (f *Front) guard(w *response, r *request) (err error) {
	defer func() {
		if p := recover(); p != nil {
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
	if r.route == nil || r.route.action != anonymous {
		if err := f.signIn(w, r); err != nil {
			return err
		}
	}
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
	return r.route.handle(f, w, r)
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
	return f.door.Scope(r.Context(), r.params["subscription"], r.params["group"])
}

func forbidden(who identity.Principal, action, scope string) error {
	return cluster.Errorf(cluster.Forbidden, "AuthorizationFailed", "",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s'.", who.Name, who.ObjectID, action, scope)
}

// log writes one line for each request, with the whole error. Neither query nor headers are in it: they may hold secrets.
func (f *Front) log(r *request, status int, took time.Duration, err error) {
	level, pattern := slog.LevelInfo, ""
	if r.route != nil {
		pattern = r.route.pattern
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.String("route", pattern), slog.Int("status", status),
		slog.Duration("took", took), slog.String("request", r.caller.RequestID), slog.String("correlation", r.correlation),
		slog.String("principal", r.caller.Principal), slog.String("command", r.Header.Get("CommandName")), slog.String("client", r.UserAgent()),
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
		if known(err).Kind == internal && !errors.Is(r.Context().Err(), context.Canceled) {
			level = slog.LevelError
		}
	}
	f.options.Log.LogAttrs(r.Context(), level, "request", attrs...)
}
