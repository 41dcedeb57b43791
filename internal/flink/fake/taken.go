package fake

import "time"

// snapshots are what a JobManager remembers of its job's.
type snapshots struct {
	last      int64    // id of the newest, complete or not
	history   []*taken // newest first
	completed int
	failures  int
	retained  []*taken // checkpoints, oldest first

	latest, savepoint, failed *taken // the newest complete checkpoint, complete savepoint, and the newest that failed
}

// remembered is how many a JobManager shows.
const remembered = 10

// taken is a snapshot: under way, complete, or failed.
type taken struct {
	id         int64
	kind       string
	uri        string
	begun, end time.Time
	failure    string
	discarded  bool
}

// The kinds of snapshots, in Flink's words.
const (
	aCheckpoint = "CHECKPOINT"
	aSavepoint  = "SAVEPOINT"
	aStop       = "SYNC_SAVEPOINT"
)

func (t *taken) status() string {
	switch {
	case t.end.IsZero():
		return "IN_PROGRESS"
	case t.failure != "":
		return "FAILED"
	}
	return "COMPLETED"
}

// begin notes a snapshot that is under way.
func (s *snapshots) begin(kind string) *taken {
	s.last++
	t := &taken{id: s.last, kind: kind, begun: time.Now()}
	s.history = append([]*taken{t}, s.history[:min(len(s.history), remembered-1)]...)
	return t
}

// finish notes what came of it.
func (s *snapshots) finish(t *taken, failure string) {
	t.end, t.failure = time.Now(), failure
	switch {
	case failure != "":
		s.failed = t
		s.failures++
		return
	case t.kind == aCheckpoint:
		s.latest = t
	default:
		s.savepoint = t
	}
	s.completed++
}

// underWay are those that are neither complete nor failed.
func (s *snapshots) underWay() (all []*taken) {
	for _, t := range s.history {
		if t.end.IsZero() {
			all = append(all, t)
		}
	}
	return all
}
