package simtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/store"
)

// books are what is written down, read from beside the servers.
type books struct{ *store.Store }

// read reads; the books of a simulation can always be read.
func (b books) read(fn func(tx *store.Tx) error) {
	if err := b.Read(context.Background(), fn); err != nil {
		panic("cannot read the books: " + err.Error())
	}
}

// known is as much of an operation's facts as the judge goes by.
type known struct {
	Version       int    `json:"version"`
	SavePointName string `json:"savePointName"`
	Newest        bool   `json:"newest"`
	Provable      string `json:"provable"`
	Incarnation   string `json:"incarnation"`
	Source        string `json:"source"`
	Way           string `json:"way"`
	Returning     bool   `json:"returning"`
	Trigger       string `json:"trigger"`
	Change        bool   `json:"change"`
}

func factsOf(op store.Operation) (k known) {
	_ = json.Unmarshal(op.Facts, &k)
	return k
}

// start is one incarnation with all that the books say of it.
type start struct {
	cluster.Incarnation
	job     cluster.Job
	cluster cluster.Cluster
	op      store.Operation // that is at work on the job; zero: none
	others  []cluster.Incarnation
}

// start reads an incarnation; false if the books do not know it.
func (b books) start(id string) (s start, found bool) {
	b.read(func(tx *store.Tx) (err error) {
		if s.Incarnation, err = tx.Incarnation(id); err != nil {
			return nil
		}
		found = true
		if s.job, err = tx.Job(s.JobUID); err != nil {
			return err
		}
		if s.cluster, err = tx.ClusterByUID(s.job.ClusterUID); err != nil {
			return err
		}
		s.op, _ = tx.ActiveOperation(s.JobUID)
		s.others, err = tx.Incarnations(s.JobUID)
		return err
	})
	return s, found
}

// snapshot is what lies in the storage: the count of a job at some moment.
type snapshot struct {
	ID    int64 // checkpoints and savepoints count in one sequence
	Count int64
}

// newest is the newest complete snapshot of a Flink job, by the test's own eyes; the zero value if there is none. Those of triggers that
// refused says failed are passed over: what a stop wrote whose job failed before it ended is not taken up by Drey.
func (r *rig) newest(flinkJob string, refused func(trigger string) bool) (newest snapshot) {
	_ = filepath.WalkDir(filepath.Join(r.dir, "storage"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "_metadata" {
			return nil
		}
		dir := filepath.Dir(path)
		own := filepath.Base(filepath.Dir(dir)) == flinkJob || strings.HasPrefix(filepath.Base(dir), "savepoint-"+flinkJob[:6]+"-")
		if s, ok := snapshotIn(dir); own && ok && s.ID > newest.ID && !refused(filepath.Base(filepath.Dir(dir))) {
			newest = s
		}
		return nil
	})
	return newest
}

// snapshotIn reads a snapshot; false if it is not complete.
func snapshotIn(dir string) (s snapshot, ok bool) {
	raw, err := os.ReadFile(filepath.Join(dir, "_metadata"))
	if err != nil {
		return s, false
	}
	m, err := flink.ReadMetadata(raw)
	if err != nil || !wholeMetadata(raw) {
		return s, false
	}
	text, err := os.ReadFile(filepath.Join(dir, "count"))
	if err != nil {
		return s, false
	}
	s.ID = m.CheckpointID
	s.Count, err = strconv.ParseInt(string(text), 10, 64)
	return s, err == nil
}

// wholeMetadata says that a _metadata is there to its end, where the fake writes what kind of snapshot it is: the judge does not go by the
// reader that it judges.
func wholeMetadata(raw []byte) bool {
	at := bytes.LastIndex(raw, []byte("org.apache.flink.runtime.checkpoint."))
	return at > 0 && bytes.Contains(raw[at:], []byte("Type"))
}

// countAt is the count of the snapshot at a URI; 0 for none.
func (r *rig) countAt(uri string) (int64, bool) {
	if uri == "" {
		return 0, true
	}
	at, err := cluster.ParseURI(uri, cluster.StorageURI{})
	if err != nil {
		return 0, false
	}
	path, err := r.storage.Local(r.Context(), at)
	if err != nil {
		return 0, false
	}
	s, ok := snapshotIn(path)
	return s.Count, ok
}
