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

const (
	bigKeys = 1_000_000
	bigPad  = 1000   // bytes of each key: about 1 GiB
	bigMB   = 12_000 // of memory: two JobManagers and TaskManagers of ours, one of each by scripts, and what the system caches
)

// bigMemory is what Flink's shipped configuration gives both processes, so that ours have no more.
var bigMemory = []string{"--job-manager-memory", "1600", "--task-manager-memory", "1728"}

// ways are the verbs that are measured, and which part of a gap is Flink's own savepoint and restore.
var ways = []struct {
	verb  string
	flink []string
}{
	{fromSavepoint, []string{"savepoint", "restore"}},
	{lastState, []string{"restore"}},
}

// big is what was measured with much state: ours by verb, and the seconds by scripts.
type big struct {
	drey     map[string]gaps
	scripts  series
	verdicts []verdict
}

// measureBig updates a job with about 1 GiB of state n times each way, and the same job run by the scripts after each second time.
func measureBig(ctx context.Context, s *server, home, dir string, n int) (b big, err error) {
	if err := enoughMemory(); err != nil {
		return b, err
	}
	b.drey = map[string]gaps{}
	filling := workload{ledger: filepath.Join(dir, "filling"), rate: 1_000_000_000, keys: bigKeys, pad: bigPad}
	config := []string{"execution.checkpointing.interval=5s", "state.backend.type=rocksdb", "execution.checkpointing.incremental=true"}
	ours, theirs := s.job("big", filling), newScripted(home, dir, filling.beside("scripts"), config)
	defer theirs.end(ctx)
	if err := b.fill(ctx, ours, theirs, flags(config)); err != nil {
		return b, err
	}
	for i := range n {
		for _, way := range ways {
			c, err := ours.update(ctx, way.verb)
			if err != nil {
				return b, err
			}
			b.drey[way.verb] = append(b.drey[way.verb], c)
			fmt.Printf("big %d, %s: %v\n", i+1, way.verb, c)
		}
		if i%2 > 0 {
			continue
		}
		gap, err := theirs.update(ctx)
		if err != nil {
			return b, err
		}
		b.scripts = append(b.scripts, gap)
		fmt.Printf("big %d: by scripts %.2f s\n", i+1, gap)
	}
	fresh, err := firstNumber(theirs.workload)
	if err != nil {
		return b, err
	}
	if b.verdicts, err = judgeBoth(ours, theirs, fresh); err != nil {
		return b, err
	}
	return b, ours.end(ctx)
}

// fill lets both jobs run as fast as they can until each key has its state, and then changes them to the rate that is measured, with
// ledgers of their own.
func (b *big) fill(ctx context.Context, ours *job, theirs *scripted, config []string) error {
	if err := ours.create(ctx, ours.name, ours.workload, append(config, bigMemory...)...); err != nil {
		return err
	}
	fmt.Println("filling the state of ours")
	steady := ours.workload
	steady.ledger, steady.rate = filepath.Join(filepath.Dir(steady.ledger), "ledger"), 500
	if err := ours.full(ctx); err != nil {
		return err
	}
	if _, err := ours.cli(ctx, append([]string{"job", fromSavepoint, ours.name}, words(steady)...)...); err != nil {
		return err
	}
	ours.workload = steady
	fmt.Println("filling the state of the one by scripts")
	if err := theirs.start(""); err != nil {
		return err
	}
	if err := theirs.full(ctx); err != nil {
		return err
	}
	if err := theirs.become(ctx, steady.beside("scripts")); err != nil {
		return err
	}
	if _, err := ours.grows(ctx, 1); err != nil {
		return err
	}
	var err error
	ours.fresh, err = firstNumber(steady)
	return err
}

// full waits until each key has its state.
func (w workload) full(ctx context.Context) error {
	return until(ctx, patience, 500*time.Millisecond, func() (bool, error) {
		last, _, err := witness.Newest(w.ledger)
		return last > w.keys, err
	})
}

// firstNumber says that a ledger which another one goes before begins rightly where it begins.
func firstNumber(w workload) (map[string]int64, error) {
	begins, err := witness.Begins(w.ledger)
	if err != nil {
		return nil, err
	}
	if len(begins) == 0 || begins[0].Number <= bigKeys {
		return nil, fmt.Errorf("the state was not full when %s began", filepath.Base(w.ledger))
	}
	return map[string]int64{begins[0].Incarnation: begins[0].Number}, nil
}

// enoughMemory: an update beside the running job needs both sets of processes at once, and the scripts' job runs as well.
func enoughMemory() error {
	raw, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(raw)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 && kib>>10 < bigMB {
			return fmt.Errorf("%d MB of memory are free; %d are needed", kib>>10, bigMB)
		}
	}
	return nil
}

func (b *big) report(t *text) {
	t.say("\n## Update, 1 GiB of RocksDB state: the gap\n")
	t.say("%d keys of %d random bytes, 500 records/s, a checkpoint every 5 s, memory as Flink's shipped configuration gives it, to both. By scripts the", bigKeys, bigPad)
	t.say("savepoint is canonical, as Flink takes one that is asked for without a format; ours is native. *Added*: the gap less its parts that are Flink's")
	t.say("own savepoint and restore. Seconds.\n")
	t.say("| way | n | p50 | p95 | least | most |\n|---|---|---|---|---|---|")
	for _, way := range ways {
		g := b.drey[way.verb]
		t.say("| `drey job %s` | %s |", way.verb, g.total().row())
		t.say("| of it, **added** (goal ≤ 0.5) | %s |", g.without(way.flink).row())
		t.say("| our own word for it against the ledger: difference | %s |", g.wrong().row())
	}
	t.say("| by scripts | %s |\n", b.scripts.row())
	for _, way := range ways {
		t.say("Parts of `drey job %s` as we tell them, p50, s: %s.", way.verb, b.drey[way.verb].parts())
	}
}
