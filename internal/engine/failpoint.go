package engine

// Moment is where in a turn a failpoint lies.
type Moment string

// The moments of a turn.
const (
	Before Moment = "before" // decided, not committed
	After  Moment = "after"  // committed, no effect yet
	Sent   Moment = "sent"   // the effect's request is written, its answer unread
)

// Point names a place where a process may be killed by a test: "job.stop/stop:sent".
type Point struct {
	Kind, Step string
	Moment     Moment
}

// String is the point's name.
func (p Point) String() string { return p.Kind + "/" + p.Step + ":" + string(p.Moment) }

// Points lists every failpoint of kinds. A step without an effect has no sent.
func Points(kinds []Kind) []Point {
	var all []Point
	for _, k := range kinds {
		for _, s := range k.Steps {
			all = append(all, Point{k.Name, s.Name, Before}, Point{k.Name, s.Name, After})
			if s.Act != nil {
				all = append(all, Point{k.Name, s.Name, Sent})
			}
		}
	}
	return all
}
