package v20261101

import (
	"time"

	"drey/internal/cluster"
)

// Incarnation is one start of a cluster's job.
type Incarnation struct {
	Name       string                `json:"name"` // its id
	Properties IncarnationProperties `json:"properties"`
}

// IncarnationProperties are an incarnation's properties.
type IncarnationProperties struct {
	ID           string `json:"id"`
	Version      int    `json:"version"`
	Phase        string `json:"phase"`
	Origin       string `json:"origin,omitempty"`
	FlinkJobID   string `json:"flinkJobId,omitempty"`
	RestoredFrom string `json:"restoredFrom,omitempty"`
	CreatedAt    string `json:"createdAt"`
	ReleasedAt   string `json:"releasedAt,omitempty"`
	RunningAt    string `json:"runningAt,omitempty"`
	EndedAt      string `json:"endedAt,omitempty"`
	Cause        string `json:"cause,omitempty"`
	DeclaredBy   string `json:"declaredDeadBy,omitempty"` // a person's word: the object id of the principal
	DeclaredAt   string `json:"declaredDeadAt,omitempty"`
	Gap          *Gap   `json:"gap,omitempty"`
}

// Gap is how long the job did not process around a start. Its parts follow each other and add up.
type Gap struct {
	From    string    `json:"from"`
	To      string    `json:"to"`
	Seconds float64   `json:"seconds"`
	Parts   []GapPart `json:"parts"`
}

// GapPart is one part of a gap.
type GapPart struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// NewIncarnation shows an incarnation.
func NewIncarnation(i cluster.Incarnation) Incarnation {
	p := IncarnationProperties{
		ID: i.ID, Version: i.Version, Phase: string(i.Phase), Origin: string(i.Origin), FlinkJobID: i.FlinkJobID, RestoredFrom: i.Restore,
		CreatedAt: stamp(i.CreatedAt), ReleasedAt: stamp(i.ReleasedAt), RunningAt: stamp(i.LiveAt), EndedAt: stamp(i.DeadAt), Cause: i.Cause,
	}
	if by := i.Declared; by != nil {
		p.DeclaredBy, p.DeclaredAt = by.Who, stamp(by.At)
	}
	if g := i.Gap; g != nil {
		p.Gap = &Gap{From: stamp(g.From), To: stamp(g.To), Seconds: seconds(g.Total), Parts: []GapPart{}}
		for _, part := range g.Parts {
			p.Gap.Parts = append(p.Gap.Parts, GapPart{part.Name, seconds(part.Took)})
		}
	}
	return Incarnation{Name: i.ID, Properties: p}
}

// seconds is d in seconds, without what is less than a microsecond.
func seconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1e6
}
