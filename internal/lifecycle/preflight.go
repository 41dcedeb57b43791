package lifecycle

import (
	"context"
	"fmt"
	"strings"
	"time"

	"drey/internal/cluster"
	"drey/internal/engine"
	"drey/internal/flink"
	"drey/internal/runtime"
)

// The preflight: what the rehearsal of the new version found is compared with the newest state of the job, before anything is stopped.

func lookPreflight(f facts) questions {
	q := questions{Incarnation: f.Incarnation, Preflight: !f.Handed}
	if f.Beside && !f.Handed {
		q.Other = f.Source
	}
	return q
}

func decidePreflight(f facts, a answers, now time.Time) (facts, engine.Verdict) {
	if f.Handed {
		return f, engine.Back("release") // cold, or on the way back: what is to be started is decided
	}
	if sourceGone(a) {
		return failLaunch(f, sourceLost())
	}
	p := a.Preflight
	switch {
	case f.Source == "" && (p.Failure != nil || p.NoJob): // nothing is at stake
		return f, engine.Back("release").Say("preflight: main() gave no graph in the plan-only environment; its real call decides")
	case p.Failure != nil:
		d := *p.Failure
		d.Hint = strings.TrimSpace(d.Hint + " (main() was called in a plan-only environment; drey.rehearse: false in the job's configuration switches that off)")
		return failLaunch(f, d)
	case p.NoJob:
		return failLaunch(f, flink.Diagnosis{Code: "NoJobSubmitted", Message: "main() ended without calling execute(): no job would be submitted."})
	}
	var rows []engine.Row
	if len(p.Graph) > 0 {
		rows = append(rows, versionGraph{Job: f.Job, Number: f.Version, Operators: p.Graph, Scalable: p.Scalable})
	}
	next := "release"
	if f.Source != "" {
		next = "checkpoint"
	}
	v := engine.Back(next, rows...)
	if p.Skipped != "" {
		return f, v.Say("preflight: " + p.Skipped)
	}
	var blocking []cluster.Fault
	for _, finding := range p.Findings {
		if finding.Severity == flink.Info {
			continue
		}
		v = v.Say("preflight: " + finding.String())
		if finding.Severity == flink.Blocks {
			blocking = append(blocking, cluster.Fault{Code: finding.Code, Target: finding.Operator, Message: finding.Message, Hint: finding.Hint})
		}
	}
	if len(blocking) > 0 {
		f.Failure = &failure{Code: "PreflightFailed", Message: "The new version does not fit the job's state: " + blocking[0].Message, Hint: blocking[0].Hint, Details: blocking}
		return f, engine.Back("withdraw", rows...).Say("PreflightFailed: nothing was stopped")
	}
	if flink.Fits(p.Findings) {
		v = v.Say(fmt.Sprintf("preflight: the %d operators fit the state of %s (the types of their state are not checked)", len(p.Graph), p.Against))
	}
	return f, v
}

func sourceLost() flink.Diagnosis {
	return flink.Diagnosis{Code: "IncarnationLost", Message: "The running incarnation lost a process while the new one was prepared.", Hint: "it recovers by itself; update again when it runs"}
}

// preflight compares the graph that the rehearsal wrote down with the newest state that the new incarnation may be started from.
func (w *world) preflight(ctx context.Context, f facts) (*preflightAnswer, error) {
	r, rt, err := w.launchAt(ctx, f)
	if err != nil {
		return nil, err
	}
	raw, err := rt.Report(ctx, runtime.IncarnationID(f.Incarnation))
	if err != nil {
		return nil, fmt.Errorf("cannot read the rehearsal's report: %w", err)
	}
	if raw == nil || r.version.Launch.Off(cluster.KeyRehearse) {
		return &preflightAnswer{Skipped: "main() was not rehearsed, so the operators were not checked"}, nil
	}
	report, err := flink.ParseReport(raw)
	if err != nil {
		return &preflightAnswer{Skipped: "the rehearsal's report cannot be used: " + err.Error()}, nil
	}
	switch {
	case report.Failure != nil:
		d := flink.DiagnoseMain(report.Failure.Stack)
		return &preflightAnswer{Failure: &d}, nil
	case report.Graph == nil:
		return &preflightAnswer{NoJob: true}, nil
	}
	p := &preflightAnswer{Graph: operatorsOf(*report.Graph), Scalable: scalable(*report.Graph)}
	return p, w.compare(ctx, r, f, *report.Graph, p)
}

// compare reads the newest state and asks Flink's rules.
func (w *world) compare(ctx context.Context, r launchRows, f facts, graph flink.JobGraph, p *preflightAnswer) error {
	if f.Chosen && f.Restore == "" {
		p.Skipped = "it starts without state"
		return nil
	}
	at := f.Restore
	if !f.Chosen {
		newest, err := w.newestState(ctx, r, f.Source)
		if err != nil {
			return err
		}
		at = newest
	}
	if at == "" {
		p.Skipped = "the job has no complete snapshot yet to compare with"
		return nil
	}
	uri, err := w.parse(at)
	if err != nil {
		return err
	}
	raw, err := w.Storage.ReadMetadata(ctx, uri)
	if err != nil {
		return fmt.Errorf("cannot read the metadata of %s: %w", at, err)
	}
	m, err := flink.ReadMetadata(raw)
	if err != nil {
		p.Skipped = fmt.Sprintf("the metadata of %s cannot be read: %v", at, err)
		return nil
	}
	p.Against, p.Findings = at, flink.Preflight(graph, m, f.AllowDropped)
	return nil
}

// newestState is the newest complete snapshot that a living incarnation made, else what it was started from itself; "" if there is none.
func (w *world) newestState(ctx context.Context, r launchRows, source string) (string, error) {
	inc, err := w.incarnation(ctx, source)
	if err != nil {
		return "", err
	}
	found, err := w.candidates(ctx, r, inc)
	if err != nil {
		return "", err
	}
	best := cluster.Candidate{}
	for _, c := range found {
		if c.Parses && c.CheckpointID > best.CheckpointID {
			best = c
		}
	}
	if best.URI == "" {
		return inc.Restore, nil
	}
	return best.URI, nil
}

// scalable are the vertices whose parallelism the program leaves to the configuration.
func scalable(g flink.JobGraph) []string {
	var ids []string
	for _, v := range g.Vertices {
		if !v.Fixed {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

func operatorsOf(g flink.JobGraph) []cluster.Operator {
	var all []cluster.Operator
	for _, v := range g.Vertices {
		for _, o := range v.Operators {
			all = append(all, cluster.Operator{ID: o.ID, UID: o.UID, Name: o.Name, Parallelism: o.Parallelism})
		}
	}
	return all
}
