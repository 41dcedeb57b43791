package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
)

// crashURL is the variable that makes this test binary the program which is killed.
const crashURL = "DREY_STORE_CRASH_URL"

// crashLanes is how many goroutines of it write.
const crashLanes = 4

// writeUntilKilled counts in each lane and prints "<lane> <count>" after each acknowledged change.
func writeUntilKilled(url string) int {
	s, err := Open(context.Background(), url, quiet)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var lanes sync.WaitGroup
	for lane := range crashLanes {
		lanes.Go(func() {
			for {
				n, err := countInLane(s, lane)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				fmt.Printf("%d %d\n", lane, n)
			}
		})
	}
	lanes.Wait()
	return 1
}

// countInLane raises the lane's number and adds an audit row for it, both in one change.
func countInLane(s *Store, lane int) (n int, err error) {
	key := fmt.Sprint("lane-", lane)
	err = s.Change(context.Background(), nil, func(tx *Tx) error {
		text, err := tx.Meta(key)
		if err != nil && !isNotFound(err) {
			return err
		}
		n, _ = strconv.Atoi(text) // "" is 0
		n++
		return errors.Join(tx.SetMeta(key, strconv.Itoa(n)), tx.AddAudit(AuditRow{At: noon, Action: key}))
	})
	return n, err
}

func TestAKilledWriterLosesNothingItWasToldIsDone(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		url := db.fresh(t)
		var done [crashLanes]int // the last count of each lane that is known to be stored
		for round := range 6 {
			killAfter(t, url, 20+37*round, &done)
			s := openAt(t, url)
			checkIntegrity(t, s)
			for lane := range crashLanes {
				key := fmt.Sprint("lane-", lane)
				counted, _ := strconv.Atoi(meta(t, s, key))
				if counted < done[lane] || counted > done[lane]+1 {
					t.Errorf("round %d: lane %d was told that %d is done, stored is %d", round, lane, done[lane], counted)
				}
				done[lane] = counted
				rows := get(t, s, func(tx *Tx) (int64, error) {
					return one(tx, scanInt, "SELECT count(*) FROM audit WHERE action = ?", key)
				})
				if int(rows) != counted {
					t.Errorf("round %d: lane %d counted %d, but has %d audit rows: half a change is stored", round, lane, counted, rows)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// killAfter starts a writer, kills it after so many acknowledged changes, and notes the last one of each lane.
func killAfter(t *testing.T, url string, changes int, last *[crashLanes]int) {
	t.Helper()
	cmd := exec.CommandContext(bounded(t), os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), crashURL+"="+url), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ { // also what was printed before the kill was felt
		var lane, count int
		if _, err := fmt.Sscan(lines.Text(), &lane, &count); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		last[lane] = count
		if n == changes {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		t.Fatalf("the writer was to be killed, but: %v", cmd.ProcessState)
	}
}

// checkIntegrity asks SQLite whether the file is sound.
func checkIntegrity(t *testing.T, s *Store) {
	t.Helper()
	if s.dialect != &sqliteDialect {
		return
	}
	var got string
	if err := s.readers.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&got); err != nil || got != "ok" {
		t.Errorf("integrity_check: %q (%v)", got, err)
	}
	err := s.readers.QueryRowContext(t.Context(), "PRAGMA foreign_key_check").Scan(&got)
	if !isNotFound(classify(err)) {
		t.Errorf("foreign_key_check: %q (%v)", got, err)
	}
}
