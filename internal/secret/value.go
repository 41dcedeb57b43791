// Package secret holds values that must not be seen: they can be used, but never print, log or encode themselves.
package secret

import "log/slog"

// hidden is what every printed or encoded Value looks like.
const hidden = "******"

// Value is a secret. Its text is reached by Reveal only; fmt, encoding/json, encoding/text and slog all show "******".
type Value struct{ text string }

// New makes a Value of text.
func New(text string) Value { return Value{text: text} }

// Reveal returns the secret itself. Call it where the value is used, never to store or pass it on.
func (v Value) Reveal() string { return v.text }

// String implements [fmt.Stringer].
func (Value) String() string { return hidden }

// GoString implements [fmt.GoStringer], so that %#v does not show the field.
func (Value) GoString() string { return hidden }

// MarshalText implements [encoding.TextMarshaler].
func (Value) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue implements [slog.LogValuer].
func (Value) LogValue() slog.Value { return slog.StringValue(hidden) }
