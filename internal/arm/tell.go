package arm

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// names are what every line about a request carries.
func (r *request) names() []slog.Attr {
	return []slog.Attr{
		slog.String("request", r.caller.RequestID), slog.String("clientRequest", r.caller.ClientRequestID), slog.String("correlation", r.correlation),
		slog.String("principal", r.caller.Principal), slog.String("route", r.pattern()),
	}
}

// pattern is that of the route, "" if there is none.
func (r *request) pattern() string {
	if r.route == nil {
		return ""
	}
	return r.route.pattern
}

// tell writes one line for each request, with the whole error, and counts it. Neither query nor headers nor body are in it: they may
// hold secrets.
func (f *Front) tell(ctx context.Context, r *request, status int, took time.Duration, err error) {
	f.options.Metrics.Request(r.pattern(), r.Method, status, took)
	attrs := append(r.names(),
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", status), slog.Float64("seconds", took.Seconds()),
		slog.String("command", r.Header.Get("CommandName")), slog.String("client", r.UserAgent()))
	level := slog.LevelInfo
	switch {
	case err != nil:
		attrs = append(attrs, slog.Any("error", err))
		if known(err).Kind == internal && !errors.Is(r.Context().Err(), context.Canceled) {
			level = slog.LevelError
		}
	case r.route != nil && r.route.action == anonymous && r.Method == http.MethodGet:
		level = slog.LevelDebug // probes come every few seconds
	}
	f.options.Log.LogAttrs(ctx, level, "request", attrs...)
}
