// Package telemetry is what a server tells of itself: its log, and its metrics.
package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"slices"
)

// NewLog makes a log that writes one line for each event to w. level is debug, info, warn or error; format is json or text. Every
// line carries what the context of its event was given by [With].
func NewLog(w io.Writer, level, format string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log.level is %q; one of debug, info, warn, error", level)
	}
	options := &slog.HandlerOptions{Level: least}
	switch format {
	case "json":
		return slog.New(handler{slog.NewJSONHandler(w, options)}), nil
	case "text":
		return slog.New(handler{slog.NewTextHandler(w, options)}), nil
	}
	return nil, fmt.Errorf("log.format is %q; one of text, json", format)
}

type carried struct{}

// With answers a context whose events carry attrs, after those that ctx has given them already.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	had, _ := ctx.Value(carried{}).([]slog.Attr)
	return context.WithValue(ctx, carried{}, append(slices.Clip(had), attrs...))
}

// handler adds to each event what its context carries.
type handler struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if attrs, ok := ctx.Value(carried{}).([]slog.Attr); ok {
		r = r.Clone()
		r.AddAttrs(attrs...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// Lines is a log of the old kind whose lines become debug events with a constant message, for libraries that know no other.
func Lines(to *slog.Logger, message string) *log.Logger { return log.New(lines{to, message}, "", 0) }

type lines struct {
	log     *slog.Logger
	message string
}

// Write implements [io.Writer].
func (l lines) Write(line []byte) (int, error) {
	l.log.Debug(l.message, "text", string(bytes.TrimRight(line, "\n")))
	return len(line), nil
}
