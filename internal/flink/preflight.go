package flink

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Severity says what a [PreflightFinding] means for an update.
type Severity string

// The severities, from the gravest.
const (
	Blocks Severity = "Blocks" // Flink would refuse the new version, or state would be lost or go to a stranger without a word
	Warns  Severity = "Warns"  // Flink would start it; whether that is what the user wants only the user can tell
	Info   Severity = "Info"   // worth knowing; does not make a version unfit
)

// What a [PreflightFinding] is about.
const (
	CodeStateWithoutOperator   = "StateWithoutOperator"
	CodeStateClaimedTwice      = "StateClaimedTwice"
	CodeMaxParallelismDiffers  = "MaxParallelismDiffers"
	CodeMaxParallelismMixed    = "MaxParallelismMixed"
	CodeParallelismAboveMax    = "ParallelismAboveMax"
	CodeMatchedByPosition      = "MatchedByPosition"
	CodeAnotherOperatorInPlace = "AnotherOperatorInPlace"
	CodeFinishedOperator       = "FinishedOperator"
	CodeStateTypesNotChecked   = "StateTypesNotChecked"
)

// PreflightFinding is one thing to know before a snapshot is given to another version of its job.
type PreflightFinding struct {
	Severity Severity
	Code     string
	Operator string // its name, or its id where the snapshot has no names; "" if it is about all of them
	Message  string // a sentence for the user
	Hint     string // the way out; "" if there is none to be told
}

// String is the finding in one line.
func (f PreflightFinding) String() string { return strings.TrimSpace(f.Message + " " + f.Hint) }

// Fits says that nothing was found that blocks or warns.
func Fits(findings []PreflightFinding) bool {
	return !slices.ContainsFunc(findings, func(f PreflightFinding) bool { return f.Severity != Info })
}

// Preflight compares the graph of a job's new version with a snapshot of the old one, by the rules by which Flink 2.3 gives
// state to operators; test/preflight holds it against Flink. By what graph and snapshot can tell, it never says that a version
// fits which Flink would refuse, or start without some of the state.
//
// What they cannot tell is NOT checked: whether an operator found by its uid still declares the same state, under the same name,
// type, serializer and key; whether its state backend can read the files; whether a source under an old uid reads the same thing.
// A changed type Flink meets when its tasks restore; of a state that is no longer declared it says nothing at all. A finding of
// severity [Info] reminds of it.
//
// An operator without uid is found by its place in the graph, and ids of places are alike from job to job. Where the snapshot
// has names (Flink 2), another name in the same place blocks: a harmless rename looks the same as an operator that would read what
// is not its own. The same name, or a snapshot without names, warns.
func Preflight(g JobGraph, m Metadata, allowNonRestored bool) []PreflightFinding {
	p := preflight{stored: map[string]OperatorState{}, claimed: map[string]bool{}, named: m.Version >= 5}
	for _, s := range m.Operators {
		p.stored[s.ID] = s
	}
	for _, v := range g.Vertices {
		p.vertex(v)
	}
	restores := false
	for _, s := range m.Operators {
		restores = restores || s.HasState && p.claimed[s.ID]
		if s.HasState && !p.claimed[s.ID] {
			p.unclaimed(s, allowNonRestored)
		}
		if s.Finished {
			p.find(Warns, CodeFinishedOperator, label(s.Name, s.ID), "had come to its end, at least in part, when the snapshot was made.",
				"Flink takes that only if what is chained to it, and what comes before it, is as it was: that is not checked.")
		}
	}
	if restores {
		p.findings = append(p.findings, PreflightFinding{Severity: Info, Code: CodeStateTypesNotChecked,
			Message: "Whether the operators still declare the state that they wrote, with the same types, is not checked before the update."})
	}
	return p.findings
}

type preflight struct {
	stored   map[string]OperatorState // by id
	claimed  map[string]bool          // ids of stored ones
	named    bool                     // the snapshot has names
	findings []PreflightFinding
}

func (p *preflight) find(s Severity, code, operator, message, hint string) {
	p.findings = append(p.findings, PreflightFinding{s, code, operator, fmt.Sprintf("The operator %q %s", operator, message), hint})
}

// match is an operator of the new version with what Flink would restore into it.
type match struct {
	GraphOperator
	stored OperatorState
}

func (m match) label() string { return label(m.Name, m.ID) }

// vertex checks what one vertex would restore, as Flink does: operator by operator, then all that are deployed together.
func (p *preflight) vertex(v GraphVertex) {
	var matches []match // those with state first: they are the ones to speak of
	for _, o := range v.Operators {
		m, ok := p.claim(o)
		switch {
		case ok && m.stored.HasState:
			p.identity(m)
			matches = slices.Insert(matches, 0, m)
		case ok:
			matches = append(matches, m)
		}
	}
	p.maxParallelism(v, matches)
}

// maxParallelism checks the numbers that are one vertex's. A vertex whose program sets no max parallelism takes the snapshot's.
func (p *preflight) maxParallelism(v GraphVertex, matches []match) {
	own := v.MaxParallelism
	for _, m := range matches {
		kept := m.stored.MaxParallelism
		if own > 0 && own != kept {
			p.find(Blocks, CodeMaxParallelismDiffers, m.label(), fmt.Sprintf("has the max parallelism %d in the new version and %d in the snapshot, which cannot be changed.", own, kept),
				fmt.Sprintf("Set %d, or none: it is then taken from the snapshot.", kept))
			return
		}
		if matches[0].stored.HasState && v.Parallelism > kept {
			p.find(Blocks, CodeParallelismAboveMax, m.label(), fmt.Sprintf("has the parallelism %d in the new version; the snapshot can be spread over %d at most.", v.Parallelism, kept),
				"Lower its parallelism.")
			return
		}
	}
	if own == 0 && slices.ContainsFunc(matches, func(m match) bool { return m.stored.Keyed }) {
		p.mixed(v, matches)
	}
}

// claim finds the state of an operator: that of the program's own hash goes before that of the generated id.
func (p *preflight) claim(o GraphOperator) (match, bool) {
	s, ok := p.stored[o.ID]
	if !ok && o.GeneratedID != "" {
		s, ok = p.stored[o.GeneratedID]
	}
	if !ok {
		return match{}, false
	}
	if p.claimed[s.ID] && s.HasState {
		p.find(Blocks, CodeStateClaimedTwice, label(o.Name, o.ID), fmt.Sprintf("is not the only one that asks for the state of %q: which of them gets it is not defined.", label(s.Name, s.ID)),
			"Give each a uid, or a uidHash, of its own.")
	}
	p.claimed[s.ID] = true
	return match{o, s}, true
}

// identity checks that an operator is the one that wrote the state.
func (p *preflight) identity(m match) {
	pin := fmt.Sprintf("call uid(...) and setUidHash(%q) on it", m.stored.ID) // the hash alone finds it this once: state is written by the generated id
	switch {
	case m.UID != "" || m.GeneratedID != "" && m.ID == m.stored.ID:
	case p.named && !sameName(m.Name, m.stored.Name):
		p.find(Blocks, CodeAnotherOperatorInPlace, m.label(), fmt.Sprintf("has no uid, and stands where %q stood when the snapshot was made: whether it may read that one's state cannot be told.", label(m.stored.Name, m.stored.ID)),
			"If it is the same one, keep the name, or "+pin+"; if not, give it a uid.")
	default:
		p.find(Warns, CodeMatchedByPosition, m.label(), "has no uid: its state is found by its place in the graph only, which can become another operator's.",
			"Now, while the graph is as it was, "+pin+".")
	}
}

// mixed finds vertices to whose operators Flink would give different max parallelisms one after the other, new operators among
// them. The last one counts for all; what keyed state lies in other key groups is lost without a word (seen on Flink 2.3).
func (p *preflight) mixed(v GraphVertex, matches []match) {
	other := matches[0].stored.MaxParallelism
	if len(matches) < len(v.Operators) {
		other = defaultMaxParallelism(v.Parallelism)
	}
	for _, m := range matches {
		if kept := m.stored.MaxParallelism; kept != other {
			p.find(Blocks, CodeMaxParallelismMixed, m.label(), fmt.Sprintf("has the max parallelism %d in the snapshot and is chained to others with %d: keyed state could be lost.", kept, other),
				"Call setMaxParallelism(...) with the snapshot's number on what has keyed state there, or disableChaining().")
			return
		}
	}
}

// unclaimed is about state that no operator of the new version asks for.
func (p *preflight) unclaimed(s OperatorState, allowNonRestored bool) {
	name := label(s.Name, s.ID)
	if allowNonRestored {
		p.find(Warns, CodeStateWithoutOperator, name, "is not in the new version: its state is dropped.", "")
		return
	}
	same := fmt.Sprintf("call uid(...) and setUidHash(%q) on the one that should have it", s.ID)
	if s.UID != "" {
		same = fmt.Sprintf("give the one that should have it the uid %q", label(s.UID, ""))
	}
	p.find(Blocks, CodeStateWithoutOperator, name, "has state in the snapshot and is not in the new version.",
		"Either "+same+", or allow the update to drop state (allowNonRestoredState).")
}

// label names an operator for a user. A snapshot's names are a user's code's: they are cleaned.
func label(name, id string) string {
	if name == "" {
		return id
	}
	return clip(name, 256)
}

// defaultMaxParallelism is what Flink gives to a vertex whose program sets none: half as much again as its parallelism, up to the
// next power of two, from 128 to 32768.
func defaultMaxParallelism(parallelism int) int {
	wanted := max(parallelism, 1) * 3 / 2
	return min(max(1<<bits.Len(uint(wanted-1)), 128), maxParallelism)
}
