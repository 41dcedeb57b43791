package fake

import (
	"bytes"
	"context"
	"crypto/md5" // as a name, not as a seal
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/storage"
)

// classes tell a savepoint from a checkpoint, at the end of its _metadata.
var classes = map[string]string{
	aStop:       "org.apache.flink.runtime.checkpoint.SavepointType NATIVE TERMINATE",
	aSavepoint:  "org.apache.flink.runtime.checkpoint.SavepointType NATIVE",
	aCheckpoint: "org.apache.flink.runtime.checkpoint.CheckpointType",
}

// snapshot is the state of a job: how far it has counted.
type snapshot struct {
	Checkpoint, Count int64
	Operators         []string // ids; each holds the count
}

// stateFile holds the count, beside the _metadata that refers to it.
const stateFile = "count"

// operatorID is the id of an operator by its uid.
func operatorID(uid string) string {
	sum := md5.Sum([]byte(uid))
	return hex.EncodeToString(sum[:])
}

// uids are the operators of the job.
func (o Options) uids() []string {
	if len(o.Behaviour.Operators) == 0 {
		return []string{"counter"}
	}
	return o.Behaviour.Operators
}

func (o Options) operators() (ids []string) {
	for _, uid := range o.uids() {
		ids = append(ids, operatorID(uid))
	}
	return ids
}

func (o Options) has(operator string) bool { return slices.Contains(o.operators(), operator) }

// files are what a snapshot is written as.
type files struct{ state, metadata []byte }

func filesOf(s snapshot, class string) files {
	count := []byte(strconv.FormatInt(s.Count, 10))
	return files{state: count, metadata: metadata(s, int64(len(count)), class)}
}

// put writes a snapshot as Flink does, its _metadata last.
func (f files) put(ctx context.Context, m *storage.Mounts, uri string) error {
	at, err := cluster.ParseURI(uri, cluster.StorageURI{})
	if err != nil {
		return err
	}
	for _, file := range []struct {
		name    string
		content []byte
	}{{stateFile, f.state}, {"_metadata", f.metadata}} {
		if _, _, err := m.Put(ctx, at.Join(file.name), bytes.NewReader(file.content), 1<<20); err != nil {
			return fmt.Errorf("cannot write the snapshot %s: %w", uri, err)
		}
	}
	return nil
}

// readSnapshot reads what a job is to begin with; "" is nothing.
func readSnapshot(ctx context.Context, m *storage.Mounts, uri string) (s snapshot, err error) {
	if uri == "" {
		return s, nil
	}
	at, err := cluster.ParseURI(uri, cluster.StorageURI{})
	if err != nil {
		return s, err
	}
	raw, err := m.ReadMetadata(ctx, at)
	if err != nil {
		return s, err
	}
	meta, err := flink.ReadMetadata(raw)
	if err != nil {
		return s, err
	}
	for _, o := range meta.Operators {
		s.Operators = append(s.Operators, o.ID)
	}
	s.Checkpoint = meta.CheckpointID
	if len(meta.Files) == 0 {
		return s, nil
	}
	count, err := m.Read(ctx, at.Join(meta.Files[0].Path), 64)
	if err != nil {
		return s, err
	}
	s.Count, err = strconv.ParseInt(string(count), 10, 64)
	return s, err
}

// metadata is the smallest _metadata of format 6: each operator's state is the one file of so many bytes.
func metadata(s snapshot, bytes int64, class string) []byte {
	var w metaWriter
	w.i32(0x4960672d).i32(6).i64(s.Checkpoint).i32(0) // no master states
	w.i32(uint32(len(s.Operators)))
	for _, id := range s.Operators {
		raw, _ := hex.DecodeString(id)
		w.utf("").utf("")
		w = append(w, raw...)
		w.i32(1).i32(128) // parallelism, and at most
		w = append(w, 6)  // a file beside this one
		w.utf(stateFile).i64(bytes).i32(0)
	}
	return append(append(w, "\xac\xed\x00\x05"...), class...)
}

type metaWriter []byte

func (w *metaWriter) i32(n uint32) *metaWriter { *w = binary.BigEndian.AppendUint32(*w, n); return w }

func (w *metaWriter) i64(n int64) *metaWriter {
	*w = binary.BigEndian.AppendUint64(*w, uint64(n))
	return w
}

func (w *metaWriter) utf(s string) *metaWriter {
	*w = append(binary.BigEndian.AppendUint16(*w, uint16(len(s))), s...)
	return w
}
