package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// tables are all tables, each after those that it refers to.
var tables = []string{"meta", "subscription", "resource_group", "target", "pool", "cluster", "job", "job_seen", "version", "incarnation", "port", "trigger_", "savepoint",
	"operation", "operation_line", "audit"}

// copiedAtOnce is how many rows are written by one statement.
const copiedAtOnce = 100

// ErrNotEmpty says that a database has something in it already.
var ErrNotEmpty = errors.New("the database is not empty")

// Copy brings all that is in a SQLite database, as it is at one moment, into an empty PostgreSQL database, in one change, and answers how many rows of
// each table came over; ErrNotEmpty if something is there. The epoch of each target is raised: a server that goes on with from after one has run
// on to has an old copy, and the targets know it. No server may run on either.
func Copy(ctx context.Context, from, to *Store) (map[string]int, error) {
	rows := map[string]int{}
	err := from.Read(ctx, func(source *Tx) error {
		return to.Change(ctx, nil, func(tx *Tx) error {
			if err := tx.empty(); err != nil {
				return err
			}
			for _, table := range tables {
				n, err := tx.copy(table, source)
				if err != nil {
					return fmt.Errorf("cannot copy table %s: %w", table, err)
				}
				rows[table] = n
			}
			_, err := tx.exec("UPDATE target SET epoch = epoch + 1")
			return err
		})
	})
	return rows, err
}

// copied follows the name of a table: which of its rows are copied. The row that is locked by changes which lock no other is every database's own.
func copied(table string) string {
	if table == "meta" {
		return " WHERE key <> '" + changeRow.Key + "'"
	}
	return ""
}

func (t *Tx) count(table string) (int, error) {
	return one(t, func(r row) (n int, err error) { return n, r.Scan(&n) }, "SELECT count(*) FROM "+table+copied(table))
}

// empty reports what is in the way of a copy.
func (t *Tx) empty() error {
	for _, table := range tables {
		n, err := t.count(table)
		if err != nil {
			return err
		}
		if n > 0 {
			return t.failed(fmt.Errorf("%w: its table %s has rows; make another one", ErrNotEmpty, table))
		}
	}
	return nil
}

// copy writes the rows that a table has in source, and counts them there and here.
func (t *Tx) copy(table string, source *Tx) (int, error) {
	rows, err := source.tx.QueryContext(t.ctx, "SELECT * FROM "+table+copied(table))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	var values []any
	for rows.Next() {
		at := len(values)
		values = append(values, make([]any, len(columns))...)
		fields := make([]any, len(columns))
		for i := range fields {
			fields[i] = &values[at+i]
		}
		if err := rows.Scan(fields...); err != nil {
			return 0, err
		}
		if len(values) < copiedAtOnce*len(columns) {
			continue
		}
		if err := t.insert(table, columns, values); err != nil {
			return 0, err
		}
		values = nil
	}
	if err := errors.Join(rows.Err(), t.insert(table, columns, values)); err != nil {
		return 0, err
	}
	if t.dialect.recount != "" && slices.Contains(columns, "number") {
		if _, err := t.exec(strings.ReplaceAll(t.dialect.recount, "{table}", table)); err != nil {
			return 0, err
		}
	}
	return t.sameCount(table, source)
}

// insert writes rows, whose values follow one another.
func (t *Tx) insert(table string, columns []string, values []any) error {
	if len(values) == 0 {
		return nil
	}
	for i, v := range values {
		if columns[i%len(columns)] == "complete" {
			values[i] = v == int64(1) // SQLite has no truths
		}
	}
	row := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	_, err := t.exec("INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES "+row+strings.Repeat(", "+row, len(values)/len(columns)-1), values...)
	return err
}

// sameCount answers how many rows of a table there are, which must be as many as in source.
func (t *Tx) sameCount(table string, source *Tx) (int, error) {
	want, err := source.count(table)
	if err != nil {
		return 0, err
	}
	got, err := t.count(table)
	if err == nil && got != want {
		err = t.failed(fmt.Errorf("%d of %d rows came over", got, want))
	}
	return got, err
}
