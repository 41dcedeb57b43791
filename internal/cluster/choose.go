package cluster

import (
	"cmp"
	"slices"
)

// Candidate is a place that a job could be restored from, as its directory shows it.
type Candidate struct {
	URI          string
	CheckpointID int64 // savepoints count in the same sequence as checkpoints
	Metadata     bool  // there is a _metadata file; without it the checkpoint was never finished
	Parses       bool  // the _metadata file was read
}

// Choice is what [NewestProvable] answers: one candidate, or none, or a person must choose.
type Choice struct {
	From      Candidate
	Found     bool        // From is the newest provable state
	AskPerson []Candidate // RestoreNeedsChoice: what there is, the newest first
}

// NewestProvable chooses, from all that an ended incarnation left, what its job goes on from (R47). lastSeen is the highest checkpoint
// id that was ever seen complete, 0 if none. No candidate and nothing ever seen: not Found; the caller uses what the incarnation itself
// was started from.
func NewestProvable(candidates []Candidate, lastSeen int64) Choice {
	var best Candidate
	broken := false
	finished := make([]Candidate, 0, len(candidates))
	for _, c := range candidates {
		if !c.Metadata {
			continue
		}
		finished = append(finished, c)
		broken = broken || !c.Parses
		if c.Parses && c.CheckpointID > best.CheckpointID {
			best = c
		}
	}
	if broken || best.CheckpointID < lastSeen {
		slices.SortStableFunc(finished, func(a, b Candidate) int { return cmp.Compare(b.CheckpointID, a.CheckpointID) })
		return Choice{AskPerson: finished}
	}
	return Choice{From: best, Found: best.CheckpointID > 0}
}

// Asks reports whether a person must choose; AskPerson may be empty even so: all that was seen is gone.
func (c Choice) Asks() bool { return c.AskPerson != nil }
