package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"drey/test/flink/witness"
)

// workload is what the witness job is told.
type workload struct {
	ledger string // folder
	rate   int    // records a second
	keys   int64  // 0 = the job's own number
	pad    int    // bytes of state for each key
	change int    // makes each version another one
}

// beside is the same workload with a ledger of its own.
func (w workload) beside(who string) workload {
	w.ledger += "-" + who
	return w
}

func (w workload) args() []string {
	args := []string{"--ledger", w.ledger, "--rate", strconv.Itoa(w.rate), "--version", fmt.Sprintf("v%d", w.change)}
	if w.keys > 0 {
		args = append(args, "--keys", strconv.FormatInt(w.keys, 10), "--pad", strconv.Itoa(w.pad))
	}
	return args
}

// patience bounds every wait for records; restoring much state takes its time.
const patience = 5 * time.Minute

// grows waits until n more records are in the ledger, and answers the process that wrote the last one.
func (w workload) grows(ctx context.Context, n int64) (writer string, err error) {
	begin, last := int64(-1), int64(0)
	err = until(ctx, patience, 50*time.Millisecond, func() (bool, error) {
		if last, writer, err = witness.Newest(w.ledger); err != nil || writer == "" {
			return false, err
		}
		if begin < 0 || last < begin { // one that repeats begins anew
			begin = last
		}
		return last >= begin+n, nil
	})
	return writer, err
}

// next waits for a record of another process than writer, and answers how that life began.
func (w workload) next(ctx context.Context, writer string) (witness.Begin, error) {
	err := until(ctx, patience, 10*time.Millisecond, func() (bool, error) {
		_, writes, err := witness.Newest(w.ledger)
		return writes != "" && writes != writer, err
	})
	if err != nil {
		return witness.Begin{}, fmt.Errorf("no record of a new process: %w", err)
	}
	begins, err := witness.Begins(w.ledger)
	if err != nil {
		return witness.Begin{}, err
	}
	return begins[len(begins)-1], nil
}

// verdict judges the ledger of one job.
type verdict struct {
	witness.Report
	job string
}

// judge fails where a record was lost, repeated without leave, or written twice.
func (w workload) judge(job string, fresh, repeats map[string]int64) (verdict, error) {
	r, err := witness.Check(witness.Input{Ledger: w.ledger, Keys: w.keys, Fresh: fresh, Repeats: repeats})
	if err == nil && len(r.Violations) > 0 {
		err = fmt.Errorf("%s: %d violations, the first: %s", job, len(r.Violations), r.Violations[0])
	}
	return verdict{r, job}, err
}

// mayRepeat notes what a start from a checkpoint may repeat: all that the checkpoint does not hold.
func (w workload) mayRepeat(b witness.Begin, allowed map[string]int64) error {
	held, err := witness.Snapshot(w.ledger, b.Predecessor, b.Restored)
	if err != nil {
		return err
	}
	if held == 0 {
		return fmt.Errorf("the ledger does not tell what checkpoint %d holds", b.Restored)
	}
	if _, set := allowed[b.Incarnation]; !set {
		allowed[b.Incarnation] = held + 1
	}
	return nil
}
