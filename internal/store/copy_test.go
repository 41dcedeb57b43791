package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"drey/internal/cluster"
)

// content is all that is in a database, as texts: a row of a table each.
func (s *Store) content(t *testing.T) (all []string) {
	t.Helper()
	read(t, s, func(tx *Tx) error {
		for _, table := range tables {
			rows, err := tx.tx.QueryContext(tx.ctx, "SELECT * FROM "+table+copied(table))
			if err != nil {
				return err
			}
			defer rows.Close()
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			for rows.Next() {
				values, fields := make([]any, len(columns)), make([]any, len(columns))
				for i := range fields {
					fields[i] = &values[i]
				}
				if err := rows.Scan(fields...); err != nil {
					return err
				}
				for i, v := range values {
					switch v := v.(type) {
					case []byte:
						values[i] = string(v)
					case bool:
						values[i] = int64(1)
					}
				}
				all = append(all, table+fmt.Sprint(values))
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	slices.Sort(all)
	return all
}

// moving is a SQLite database with rows in every table, and in one of them more than one statement writes.
func moving(t *testing.T) *Store {
	t.Helper()
	s := databases["SQLite"].seeded(t)
	version, audit := filled[cluster.Version](), filled[AuditRow]()
	version.JobUID = "j1"
	change(t, s, nil, func(tx *Tx) error {
		errs := []error{
			tx.SetMeta("directory", "d1"), tx.PutGroup(Group{Subscription: "sub-1", Name: "Group-A", Location: "west", Tags: map[string]string{"a": "ä\x00"}}),
			tx.InsertVersion(version), tx.InsertIncarnation(anIncarnation("i1", "j1", cluster.Live)), tx.InsertTrigger(aTrigger("g1", "j1", "i1", cluster.TriggerOpen)),
			tx.PutSavepoint(aSavepoint("s1", "j1", "abfs://a@b/s1", noon), "c1", "p1"), tx.InsertOperation(anOperation("o1", "j1", Active)), tx.AddAudit(audit),
		}
		_, err := tx.TakePorts("here", 20000, 20001, 1, "i1")
		errs = append(errs, err)
		for range 2*copiedAtOnce + 1 {
			errs = append(errs, tx.AddLine("o1", noon, "stage", "a line that ends 'so"))
		}
		return first(errs...)
	})
	return s
}

func TestACopyHasAllThatWasThere(t *testing.T) {
	t.Parallel()
	from, to := moving(t), databases["PostgreSQL"].open(t)
	rows, err := Copy(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if rows[table] == 0 {
			t.Errorf("nothing of table %s was copied", table)
		}
	}
	target := get(t, from, func(tx *Tx) (TargetRow, error) { return tx.Target("here") })
	target.Epoch++
	change(t, from, nil, func(tx *Tx) error { return tx.PutTarget(target) })
	same(t, "content", from.content(t), to.content(t))
	change(t, to, Scope{JobRow("j1")}, func(tx *Tx) error { // what comes after it is numbered on
		return first(tx.InsertIncarnation(anIncarnation("i2", "j1", cluster.Held)), tx.InsertOperation(anOperation("o2", "j1", Waiting)), tx.AddAudit(filled[AuditRow]()))
	})
	if all := get(t, to, func(tx *Tx) ([]cluster.Incarnation, error) { return tx.Incarnations("j1") }); len(all) != 2 || all[0].ID != "i2" {
		t.Errorf("got %+v, want i2 as the newest of two", all)
	}
}

func TestNothingIsCopiedToWhereSomethingIs(t *testing.T) {
	t.Parallel()
	from := moving(t)
	for why, prepare := range map[string]func(*Tx) error{
		"a server ran on it": func(tx *Tx) error { return tx.SetMeta("directory", "d2") },
		"it has a pool":      func(tx *Tx) error { return tx.PutPool(aPool("p2", "other")) },
	} {
		to := databases["PostgreSQL"].open(t)
		change(t, to, nil, prepare)
		before := to.content(t)
		if _, err := Copy(t.Context(), from, to); !errors.Is(err, ErrNotEmpty) {
			t.Errorf("%s: got %v, want ErrNotEmpty", why, err)
		}
		same(t, why, before, to.content(t))
	}
}

// A table that a migration adds and nobody copies would be lost in silence.
func TestTheTablesThatAreCopiedAreAllTables(t *testing.T) {
	t.Parallel()
	s := databases["SQLite"].open(t)
	have := get(t, s, func(tx *Tx) ([]string, error) {
		return list(tx, scanText, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version' ORDER BY name")
	})
	same(t, "tables", slices.Sorted(slices.Values(tables)), have)
}
