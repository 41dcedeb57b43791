package store

import (
	"strconv"
	"strings"
	"sync"
)

// newRewriter makes PostgreSQL's text of a query, once for each: numbered parameters, and its name for the function that makes rows of a
// JSON list.
func newRewriter() func(string) string {
	var known sync.Map
	return func(query string) string {
		if text, ok := known.Load(query); ok {
			return text.(string)
		}
		text := numbered(strings.ReplaceAll(query, "json_each(?)", "json_array_elements_text(CAST(? AS json))"))
		known.Store(query, text)
		return text
	}
}

// numbered turns ? into $1, $2, …, and ?7 into $7. No query has a question mark in a text of its own.
func numbered(query string) string {
	var b strings.Builder
	n := 0
	for {
		before, rest, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('$')
		if rest == "" || rest[0] < '0' || rest[0] > '9' {
			n++
			b.WriteString(strconv.Itoa(n))
		}
		query = rest
	}
}

// storable makes a text one that PostgreSQL takes: UTF-8, without the character NUL. What is written in Drey's own words is always so; what
// others said, and is kept to be shown, may not be.
func storable(arg any) any {
	if text, ok := arg.(string); ok {
		return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	}
	return arg
}
