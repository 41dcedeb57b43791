package store

import (
	"bytes"
	"database/sql"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cable is a way to PostgreSQL. The next commit that comes through it goes to meet, if that is set: the connection of the client ends with that, the
// server's when meet returns.
type cable struct {
	server string // socket
	mu     sync.Mutex
	meet   func(client net.Conn, commit func())
}

func (c *cable) next(meet func(client net.Conn, commit func())) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.meet = meet
}

func (c *cable) taken() func(net.Conn, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	meet := c.meet
	c.meet = nil
	return meet
}

// lay lays a cable to the server of a database, and answers the URL that leads through it.
func lay(t *testing.T, direct string) (*cable, string) {
	t.Helper()
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "cable") // a socket's name is short
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{server: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")}
	var ends sync.WaitGroup
	ends.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			ends.Go(func() { c.carry(client) })
		}
	})
	t.Cleanup(func() { l.Close(); ends.Wait(); os.RemoveAll(dir) })
	u.RawQuery = url.Values{"host": {dir}}.Encode()
	return c, u.String()
}

func (c *cable) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", c.server)
	if err != nil {
		return
	}
	answered := make(chan struct{}, 1)
	var ends sync.WaitGroup
	defer ends.Wait()
	defer server.Close()
	ends.Go(func() {
		defer client.Close()
		buf := make([]byte, 1<<16)
		for n, err := server.Read(buf); err == nil; n, err = server.Read(buf) {
			select {
			case answered <- struct{}{}:
			default:
			}
			_, _ = client.Write(buf[:n])
		}
	})
	buf := make([]byte, 1<<16)
	for n, err := client.Read(buf); err == nil; n, err = client.Read(buf) {
		if bytes.Contains(buf[:n], []byte("commit\x00")) {
			if meet := c.taken(); meet != nil {
				client.Close()
				meet(client, func() {
					select {
					case <-answered: // of what was before
					default:
					}
					_, _ = server.Write(buf[:n])
					<-answered
				})
				return
			}
		}
		_, _ = server.Write(buf[:n])
	}
}

// What may become of a commit whose connection is cut.
func lost(net.Conn, func())          {}
func done(_ net.Conn, commit func()) { commit() }

func TestAConnectionThatIsCutAtTheCommitDoesNothingTwiceAndLosesNothing(t *testing.T) {
	t.Parallel()
	for when, tt := range map[string]struct {
		meet func(net.Conn, func())
		runs int
	}{"before": {lost, 2}, "after": {done, 1}} {
		for why, scope := range map[string]Scope{"with a lock": {Target("here")}, "with none": nil, "with the lock of a row that it deletes": {Pool("p1"), ClusterRow("c1")}} {
			t.Run(when+" it, "+why, func(t *testing.T) {
				t.Parallel()
				direct := server.Database(t)
				change(t, openAt(t, direct), nil, seed)
				c, through := lay(t, direct)
				s := openAt(t, through)
				c.next(tt.meet)
				ran := 0
				err := s.Change(bounded(t), scope, func(tx *Tx) error {
					ran++
					err := tx.AddAudit(AuditRow{Action: "once"})
					if strings.Contains(why, "deletes") {
						err = first(err, tx.DeleteCluster("c1"))
					}
					return err
				})
				if err != nil || ran != tt.runs {
					t.Errorf("got %v after %d runs, want it done after %d", err, ran, tt.runs)
				}
				if rows := get(t, s, func(tx *Tx) ([]AuditRow, error) { return tx.Audit(0) }); len(rows) != 1 {
					t.Errorf("it is stored %d times", len(rows))
				}
			})
		}
	}
}

func TestOthersMayChangeTheRowBeforeACutCommitIsReadBack(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		others int
		want   error
	}{
		"a few":                  {postgresDialect.changes - 1, nil},
		"more than it remembers": {postgresDialect.changes, ErrUnknown},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			direct := server.Database(t)
			other := openAt(t, direct)
			change(t, other, nil, seed)
			c, through := lay(t, direct)
			s := openAt(t, through)
			c.next(func(_ net.Conn, commit func()) { commit() })
			s.commit = func(tx *sql.Tx) error {
				err := tx.Commit()
				for range tt.others {
					change(t, other, Scope{Target("here")}, func(*Tx) error { return nil })
				}
				return err
			}
			err := s.Change(bounded(t), Scope{Target("here")}, func(tx *Tx) error { return tx.AddAudit(AuditRow{}) })
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAChangeIsTakenForDoneOrNotOnlyWhereTheRowSaysSo(t *testing.T) {
	t.Parallel()
	type answer struct{ Done, Known bool }
	for why, tt := range map[string]struct {
		before, now string
		want        answer
	}{
		"it is the last":                    {"b a", "me b a", answer{true, true}},
		"others came since":                 {"b a", "d c me b", answer{true, true}},
		"nothing came since":                {"b a", "b a", answer{false, true}},
		"others came instead":               {"b a", "d c b a", answer{false, true}},
		"too many came since":               {"b a", "f e d c", answer{false, false}},
		"the row was new and is":            {"", "", answer{false, true}},
		"the row was new, others came":      {"", "c", answer{false, false}},
		"the row was new and it is the one": {"", "c me", answer{true, true}},
	} {
		var got answer
		got.Done, got.Known = signature{before: tt.before, id: "me"}.in(tt.now)
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s:\n%s", why, d)
		}
	}
}

func TestACutCommitIsWaitedForUntilItIsDecided(t *testing.T) {
	t.Parallel()
	for how, tt := range map[string]struct {
		meet func(net.Conn, func())
		runs int
	}{"done": {done, 1}, "not done": {lost, 2}} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			direct := server.Database(t)
			other := openAt(t, direct)
			change(t, other, nil, seed)
			c, through := lay(t, direct)
			s := openAt(t, through)
			decide := make(chan struct{})
			c.next(func(client net.Conn, commit func()) { <-decide; tt.meet(client, commit) })
			ran := 0
			answer := make(chan error, 1)
			go func() {
				answer <- s.Change(bounded(t), Scope{Target("here")}, func(tx *Tx) error { ran++; return tx.AddAudit(AuditRow{}) })
			}()
			waitsForALock(t, other) // the reading back, for the commit that is on its way
			close(decide)
			if err := <-answer; err != nil || ran != tt.runs {
				t.Errorf("got %v after %d runs, want it done after %d", err, ran, tt.runs)
			}
			if rows := get(t, s, func(tx *Tx) ([]AuditRow, error) { return tx.Audit(0) }); len(rows) != 1 {
				t.Errorf("it is stored %d times", len(rows))
			}
		})
	}
}

// waitsForALock returns once somebody waits for a lock of this database.
func waitsForALock(t *testing.T, s *Store) {
	t.Helper()
	for ctx := bounded(t); ; time.Sleep(10 * time.Millisecond) {
		var n int
		err := s.readers.QueryRowContext(ctx, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
	}
}
