// Package telemetry makes the log: slog records that carry the ids of what they are about, taken from the context.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// attrs is the context key of the attributes that every record of that context carries.
type attrs struct{}

// With returns a context whose log records carry attribute key with value id, after those it carries already. A key given
// again replaces the earlier value.
func With(ctx context.Context, key, id string) context.Context {
	old, _ := ctx.Value(attrs{}).([]slog.Attr)
	list := make([]slog.Attr, 0, len(old)+1)
	for _, a := range old {
		if a.Key != key {
			list = append(list, a)
		}
	}
	return context.WithValue(ctx, attrs{}, append(list, slog.String(key, id)))
}

// handler adds the context's ids to each record.
type handler struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if list, _ := ctx.Value(attrs{}).([]slog.Attr); len(list) > 0 {
		r = r.Clone()
		r.AddAttrs(list...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h handler) WithAttrs(list []slog.Attr) slog.Handler { return handler{h.Handler.WithAttrs(list)} }

// WithGroup implements [slog.Handler].
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// NewLogger makes a logger that writes to w. Level is debug, info, warn or error; format is text or json.
func NewLogger(w io.Writer, level, format string) (*slog.Logger, error) {
	var l slog.Level
	switch strings.ToLower(level) {
	case "debug", "info", "warn", "error":
		if err := l.UnmarshalText([]byte(level)); err != nil {
			return nil, fmt.Errorf("cannot read the log level: %w", err)
		}
	default:
		return nil, fmt.Errorf("log level %q is none of debug, info, warn, error", level)
	}
	options := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(handler{slog.NewTextHandler(w, options)}), nil
	case "json":
		return slog.New(handler{slog.NewJSONHandler(w, options)}), nil
	}
	return nil, fmt.Errorf("log format %q is none of text, json", format)
}
