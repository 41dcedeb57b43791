package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// backends are the state backends that are measured with little state; the first is the default.
var backends = []string{"rocksdb", "hashmap"}

// updates are the updates of one job, ours and by the scripts.
type updates struct {
	backend  string
	drey     gaps
	scripts  series // seconds
	verdicts []verdict
}

// measureUpdates measures the gaps of updates with little and with much state.
func measureUpdates(ctx context.Context, dir string, n int) (string, error) {
	home, err := scriptsHome(dir)
	if err != nil {
		return "", err
	}
	s, err := newServer(ctx, dir)
	if err != nil {
		return "", err
	}
	defer s.down()
	loads := []string{load()}
	var all []updates
	for _, backend := range backends {
		m, err := measureSmall(ctx, s, home, filepath.Join(dir, backend), backend, n)
		if err != nil {
			return "", fmt.Errorf("%s: %w", backend, err)
		}
		all, loads = append(all, m), append(loads, load())
	}
	b, err := measureBig(ctx, s, home, filepath.Join(dir, "big"), max(1, n/6))
	if err != nil {
		return "", fmt.Errorf("big state: %w", err)
	}
	return reportUpdates(all, b, append(loads, load())), nil
}

// measureSmall updates a job of ours n times, and the same job run by the scripts after each third time. Both run all the time.
func measureSmall(ctx context.Context, s *server, home, dir, backend string, n int) (m updates, err error) {
	m.backend = backend
	w := workload{ledger: filepath.Join(dir, "ledger"), rate: 500}
	config := []string{"state.backend.type=" + backend, "execution.checkpointing.interval=1s"}
	ours, theirs := s.job(backend, w), newScripted(home, dir, w.beside("scripts"), config)
	defer theirs.end(ctx)
	if err := theirs.start(""); err != nil {
		return m, err
	}
	if err := s.create(ctx, backend, w, flags(config)...); err != nil {
		return m, err
	}
	for i := range n {
		c, err := ours.update(ctx, fromSavepoint)
		if err != nil {
			return m, err
		}
		m.drey = append(m.drey, c)
		fmt.Printf("%s %d: %v\n", backend, i+1, c)
		if i%3 > 0 {
			continue
		}
		gap, err := theirs.update(ctx)
		if err != nil {
			return m, err
		}
		m.scripts = append(m.scripts, gap)
		fmt.Printf("%s %d: by scripts %.2f s\n", backend, i+1, gap)
	}
	if m.verdicts, err = judgeBoth(ours, theirs, nil); err != nil {
		return m, err
	}
	return m, ours.end(ctx)
}

// flags are the flags of the CLI for a configuration.
func flags(config []string) []string {
	var out []string
	for _, pair := range config {
		out = append(out, "--conf", pair)
	}
	return out
}

// judgeBoth judges the ledgers of a job of ours and of its reference.
func judgeBoth(ours *job, theirs *scripted, fresh map[string]int64) ([]verdict, error) {
	a, err := ours.judge(ours.name, ours.fresh, ours.repeats)
	if err != nil {
		return nil, err
	}
	b, err := theirs.judge(ours.name+" by scripts", fresh, nil)
	return []verdict{a, b}, err
}

func reportUpdates(all []updates, b big, loads []string) string {
	var t text
	t.say("%s, load average %s.\n", setting("make bench-update"), strings.Join(loads, " → "))
	t.say("A gap is the time between the last record before and the first record after, in the witness job's ledger. *By scripts*: REST stop with")
	t.say("savepoint, asked for twice a second, `standalone-job.sh stop`, `taskmanager.sh stop`, wait for their exits, `standalone-job.sh start")
	t.say("--fromSavepoint`, `taskmanager.sh start`, all as Flink ships them. Each pair of jobs runs on the same cores all the time.\n")
	t.say("## Update, small state: the gap\n")
	t.say("500 records/s, a checkpoint each second, class-data archives ready, else the defaults; three updates of ours to one by scripts, in turns. Seconds.\n")
	t.say("| state backend | way | n | p50 | p95 | least | most |\n|---|---|---|---|---|---|---|")
	for _, m := range all {
		t.say("| %s | `drey job update` | %s |", m.backend, m.drey.total().row())
		t.say("| %s | by scripts | %s |", m.backend, m.scripts.row())
	}
	t.say("\n| | %s |\n|---|%s", strings.Join(backends, " | "), strings.Repeat("---|", len(backends)))
	t.line("**p50 of ours, s** (goal ≤ 0.5)", all, func(m updates) string { return fmt.Sprintf("**%.2f**", m.drey.total().median()) })
	t.line("p50 of ours / p50 by scripts", all, func(m updates) string { return fmt.Sprintf("%.3f", m.drey.total().median()/m.scripts.median()) })
	t.line("its parts as we tell them, p50, s", all, func(m updates) string { return m.drey.parts() })
	t.line("our own word for the gap against the ledger: difference, p50, s", all, func(m updates) string { return fmt.Sprintf("%.3f", m.drey.wrong().median()) })
	t.line("the same, p95, s", all, func(m updates) string { return fmt.Sprintf("%.3f", m.drey.wrong().quantile(0.95)) })
	b.report(&t)
	var verdicts []verdict
	for _, m := range all {
		verdicts = append(verdicts, m.verdicts...)
	}
	t.verdicts(append(verdicts, b.verdicts...))
	return t.String()
}

// line is one line of a table with a column for each of all.
func (t *text) line(what string, all []updates, cell func(updates) string) {
	fmt.Fprintf(t, "| %s |", what)
	for _, m := range all {
		fmt.Fprintf(t, " %s |", cell(m))
	}
	t.say("")
}

// verdicts are the judgements; a job that violated anything has no report.
func (t *text) verdicts(all []verdict) {
	t.say("\nThe ledgers, as the witness judges them; a start without savepoint may repeat what its checkpoint does not hold:\n")
	t.say("| job | starts | records | lost, repeated or doubled |\n|---|---|---|---|")
	for _, v := range all {
		t.say("| %s | %d | %d | %d |", v.job, v.Incarnations, v.Records, len(v.Violations))
	}
}
