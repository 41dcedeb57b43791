package cluster

import (
	"slices"
	"time"
)

// UpgradeDone is a change of a job's version of Flink that was tried.
type UpgradeDone struct {
	At       time.Time
	From, To Version
	Failed   bool // the job came back to what it ran before
}

// Back reports whether it went to an older version.
func (u UpgradeDone) Back() bool { return compareVersions(u.To.Flink, u.From.Flink) < 0 }

// UpgradesDone are the changes of Flink among a job's starts, newest first. Both lists are newest first, as the store gives them. What was
// refused before it started anything is not among them.
func UpgradesDone(versions []Version, starts []Incarnation) (done []UpgradeDone) {
	byNumber := map[int]Version{}
	for _, v := range versions {
		byNumber[v.Number] = v
	}
	var runs Version // what ran last and was good
	for _, start := range slices.Backward(starts) {
		v := byNumber[start.Version]
		good := !start.LiveAt.IsZero() && !v.GoodAt.IsZero()
		switch {
		case start.Origin != ByCaller || v.Flink == "":
		case runs.Flink == "" || v.Flink == runs.Flink:
			if !start.LiveAt.IsZero() {
				runs = v
			}
		case good:
			done = append(done, UpgradeDone{At: start.CreatedAt, From: runs, To: v})
			runs = v
		case v.Failure != "":
			done = append(done, UpgradeDone{At: start.CreatedAt, From: runs, To: v, Failed: true})
		}
	}
	slices.Reverse(done)
	return done
}
