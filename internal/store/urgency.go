package store

import "context"

// Changes that come faster than they can be written wait. Of the ordinary ones, and of the patient ones, only some wait for a writer: as
// many of both together as leave one writer of PostgreSQL's free, and one of each where there is one writer. The others wait for that place, each
// kind in order of arrival. So an urgent Change waits for two others at most, and an ordinary one for few patient ones, however many
// operations take their steps.

type urgency int

const (
	ordinary urgency = iota // a caller waits for an answer
	patient                 // nobody waits
	urgent
)

type urgencyKey struct{}

// Patient marks what is done with ctx as work that nobody waits for: a step of one of many operations.
func Patient(ctx context.Context) context.Context {
	return context.WithValue(ctx, urgencyKey{}, patient)
}

// Urgent marks what is done with ctx as work that goes before all other: a job stands still meanwhile, or everything ends without it.
func Urgent(ctx context.Context) context.Context {
	return context.WithValue(ctx, urgencyKey{}, urgent)
}

// queueOf is the place that a Change waits for before it waits for the writer; nil if it waits for the writer alone.
func (s *Store) queueOf(ctx context.Context) chan struct{} {
	switch u, _ := ctx.Value(urgencyKey{}).(urgency); u {
	case urgent:
		return nil
	case patient:
		return s.patient
	default:
		return s.common
	}
}
