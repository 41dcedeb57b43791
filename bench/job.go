package main

import (
	"context"
	"fmt"
	"strings"

	"drey/internal/arm/v20261101"
	"drey/test/flink/witness"
)

const witnessJar = "abfs://jobs@local.dfs.core.windows.net/witness.jar"

// create makes a cluster that runs the witness job, and waits until it runs.
func (s *server) create(ctx context.Context, name string, w workload, more ...string) error {
	args := append([]string{"cluster", "create", name, "--jar", witnessJar}, words(w)...)
	_, err := s.cli(ctx, append(args, more...)...)
	return err
}

// words are the flags of the CLI that say what the job is told.
func words(w workload) []string {
	var flags []string
	for _, arg := range w.args() {
		flags = append(flags, "--arg", arg)
	}
	return flags
}

// store puts the witness job's jar into the server's storage.
func (s *server) store(ctx context.Context) error {
	_, err := s.cli(ctx, "storage", "put", witnessFile(), witnessJar)
	return err
}

// job is the witness job in a cluster.
type job struct {
	*server
	workload
	name           string
	fresh, repeats map[string]int64 // for the judge
}

func (s *server) job(name string, w workload) *job {
	return &job{server: s, workload: w, name: name, fresh: map[string]int64{}, repeats: map[string]int64{}}
}

// newest is the incarnation of the cluster that was made last.
func (s *server) newest(ctx context.Context, name string) (v20261101.IncarnationProperties, error) {
	all, err := list[v20261101.Incarnation](ctx, s, "clusters/"+name+"/incarnations")
	if err != nil {
		return v20261101.IncarnationProperties{}, err
	}
	if len(all) == 0 {
		return v20261101.IncarnationProperties{}, fmt.Errorf("cluster %s has no incarnation", name)
	}
	return all[0].Properties, nil
}

// update changes the job by a verb of the CLI, and waits until the new version was found good.
func (j *job) update(ctx context.Context, verb string) (change, error) {
	writer, err := j.grows(ctx, 500)
	if err != nil {
		return change{}, err
	}
	j.change++
	if _, err := j.cli(ctx, append([]string{"job", verb, j.name}, words(j.workload)...)...); err != nil {
		return change{}, err
	}
	begin, err := j.next(ctx, writer)
	if err != nil {
		return change{}, err
	}
	if verb == lastState {
		if err := j.mayRepeat(begin, j.repeats); err != nil {
			return change{}, err
		}
	}
	return j.told(ctx, begin)
}

// told adds what the server says of the start that the ledger shows.
func (j *job) told(ctx context.Context, begin witness.Begin) (change, error) {
	if err := j.warm(ctx); err != nil {
		return change{}, err
	}
	i, err := j.newest(ctx, j.name)
	if err != nil {
		return change{}, err
	}
	if i.ID != begin.Incarnation || i.Gap == nil {
		return change{}, fmt.Errorf("incarnation %s wrote records; the server tells of %s with the gap %v", begin.Incarnation, i.ID, i.Gap)
	}
	return change{begin.First.Sub(begin.Before).Seconds(), i.Gap.Seconds, i.Gap.Parts}, nil
}

// warm fails if the newest operation stopped the old incarnation before the new one stood ready: that is another thing to measure.
func (j *job) warm(ctx context.Context) error {
	all, err := list[v20261101.Operation](ctx, j.server, "clusters/"+j.name+"/operations")
	if err != nil {
		return err
	}
	for _, line := range all[0].Properties.Lines {
		if strings.Contains(line.Text, "cold") {
			return fmt.Errorf("the update was not warm: %s", line.Text)
		}
	}
	return nil
}

// end deletes the cluster.
func (j *job) end(ctx context.Context) error {
	_, err := j.cli(ctx, "cluster", "delete", j.name, "--yes")
	return err
}

// the verbs that are measured
const (
	fromSavepoint = "update"
	lastState     = "last-state-update"
)
