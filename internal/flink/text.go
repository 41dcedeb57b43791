package flink

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of strings that come from a JobManager, in bytes.
const (
	maxName  = 1 << 10  // names, ids, states, classes
	maxPath  = 4 << 10  // locations
	maxStack = 64 << 10 // stack traces and messages
)

// clip makes foreign text safe to store and show: valid UTF-8, no control characters but line feed and tab, at most limit bytes.
func clip(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit]
		for len(text) > 0 && !utf8.RuneStart(text[len(text)-1]) {
			text = text[:len(text)-1]
		}
		if r, size := utf8.DecodeLastRuneInString(text); r == utf8.RuneError && size == 1 {
			text = text[:len(text)-1] // the first byte of a rune that was cut
		}
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// fromMillis is the time of Flink's epoch milliseconds; zero for none (0 or -1).
func fromMillis(ms int64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
