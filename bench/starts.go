package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"drey/test/flink/witness"
)

// starts are the seconds from a request, or an exec, to the first record; and the keepers' sizes.
type starts struct{ drey, hand, scripts, keeper series }

// measureStarts creates a cluster, starts the same processes by hand, and starts the job by the shipped scripts, in turns.
func measureStarts(ctx context.Context, dir string, n int) (m starts, err error) {
	s, err := newServer(ctx, dir)
	if err != nil {
		return m, err
	}
	defer s.down()
	home, err := scriptsHome(dir)
	if err != nil {
		return m, err
	}
	for i := range n {
		load := workload{ledger: filepath.Join(dir, fmt.Sprintf("ledger-%d", i)), rate: 500}
		if err := m.drey.create(ctx, s, load); err != nil {
			return m, err
		}
		if m.keeper, err = keepers(m.keeper, s.data); err != nil {
			return m, err
		}
		if _, err := s.cli(ctx, "job", "stop", "starts"); err != nil {
			return m, err
		}
		if err := m.hand.start(ctx, s, dir, load.beside("hand")); err != nil {
			return m, err
		}
		if _, err := s.cli(ctx, "cluster", "delete", "starts", "--yes"); err != nil {
			return m, err
		}
		if err := m.scripts.startScripts(ctx, home, load.beside("scripts")); err != nil {
			return m, err
		}
		fmt.Printf("round %d: drey %.2f s, by hand %.2f s, by scripts %.2f s\n", i+1, m.drey[i], m.hand[i], m.scripts[i])
	}
	return m, nil
}

// create measures `drey cluster create`.
func (s *series) create(ctx context.Context, server *server, w workload, more ...string) error {
	begin := time.Now()
	if err := server.create(ctx, "starts", w, more...); err != nil {
		return err
	}
	return s.add(ctx, begin, w.ledger)
}

// start measures the processes of the newest cluster, started by hand.
func (s *series) start(ctx context.Context, server *server, dir string, w workload) error {
	h, err := newByHand(ctx, server, "starts", filepath.Join(dir, "hand"), w)
	if err != nil {
		return err
	}
	defer h.end()
	begin := time.Now()
	if err := h.start(""); err != nil {
		return err
	}
	return s.add(ctx, begin, w.ledger)
}

// startScripts measures the shipped scripts.
func (s *series) startScripts(ctx context.Context, home string, w workload) error {
	j := &scripted{home: home, workload: w}
	defer j.end(ctx)
	begin := time.Now()
	if err := j.start(""); err != nil {
		return err
	}
	return s.add(ctx, begin, w.ledger)
}

// add waits for the first record of a ledger, and adds the seconds until then.
func (s *series) add(ctx context.Context, begin time.Time, ledger string) error {
	var first time.Time
	err := until(ctx, patience, 5*time.Millisecond, func() (held bool, err error) {
		first, err = witness.First(ledger)
		return !first.IsZero(), err
	})
	*s = append(*s, first.Sub(begin).Seconds())
	return err
}

// keepers adds the size of each keeper of a data directory.
func keepers(sizes series, data string) (series, error) {
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return sizes, err
	}
	for _, file := range found {
		raw, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(raw), "drey-keep") || !strings.Contains(string(raw), data) || strings.Contains(string(raw), "-classpath") {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(file, "/proc/%d/", &pid); err != nil {
			return sizes, err
		}
		mib, err := size(pid)
		if err != nil {
			return sizes, err
		}
		sizes = append(sizes, mib)
	}
	return sizes, nil
}
