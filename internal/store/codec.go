package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// encode makes the text of a doc column.
func (t *Tx) encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", t.failed(fmt.Errorf("cannot encode %T: %w", v, err))
	}
	return string(b), nil
}

// decode reads the text of a doc column.
func decode[T any](doc string) (T, error) {
	var v T
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		return v, fmt.Errorf("cannot decode a stored %T: %w", v, err)
	}
	return v, nil
}

// Document is the stored text of a T.
type Document[T any] string

// Decode reads it. That takes longer than to find it.
func (d Document[T]) Decode() (T, error) { return decode[T](string(d)) }

// row is what *sql.Row and *sql.Rows have in common.
type row interface{ Scan(dest ...any) error }

// document scans a row that is one doc column.
func document[T any](r row) (T, error) {
	var doc string
	if err := r.Scan(&doc); err != nil {
		var none T
		return none, err
	}
	return decode[T](doc)
}

// one asks for a single row; none is ErrNotFound.
func one[T any](t *Tx, scan func(row) (T, error), query string, args ...any) (T, error) {
	var none T
	if t.err != nil {
		return none, t.err
	}
	v, err := scan(t.runner(query).row(t.ctx, t.storable(args)))
	if err != nil {
		return none, t.failed(err)
	}
	return v, nil
}

// list asks for all rows; none is no error.
func list[T any](t *Tx, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	if t.err != nil {
		return nil, t.err
	}
	rows, err := t.runner(query).rows(t.ctx, t.storable(args))
	if err != nil {
		return nil, t.failed(err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, t.failed(err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, t.failed(err)
	}
	return all, nil
}

// scanInt scans a row that is one number.
func scanInt(r row) (int64, error) {
	var n int64
	err := r.Scan(&n)
	return n, err
}

// scanText scans a row that is one text.
func scanText(r row) (string, error) {
	var s string
	err := r.Scan(&s)
	return s, err
}

// fold makes the key under which a name is compared without regard to case.
func fold(name string) string { return strings.ToLower(name) }

// nanos is how a time is stored: Unix ns; 0 = not yet.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// moment is the inverse of nanos, in UTC.
func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
