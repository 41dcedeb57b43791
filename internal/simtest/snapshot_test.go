package simtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/storage"
)

// counterID is the one operator of the simulated job.
const counterID = "c0000000000000000000000000000001"

// The classes that tell a savepoint from a checkpoint, at the end of its _metadata.
const (
	savepointType  = "org.apache.flink.runtime.checkpoint.SavepointType NATIVE TERMINATE"
	checkpointType = "org.apache.flink.runtime.checkpoint.CheckpointType"
)

// snapshot is the state of the simulated job: how far it has counted.
type snapshot struct{ Checkpoint, Count int64 }

// stateFile holds the count, beside the _metadata that refers to it.
const stateFile = "count"

// writeSnapshot writes a snapshot as Flink does, its _metadata last.
func writeSnapshot(m *storage.Mounts, uri, class string, s snapshot) error {
	at, err := cluster.ParseURI(uri, cluster.StorageURI{})
	if err != nil {
		return err
	}
	count := strconv.FormatInt(s.Count, 10)
	for _, file := range []struct {
		name    string
		content []byte
	}{{stateFile, []byte(count)}, {"_metadata", metadata(s.Checkpoint, int64(len(count)), class)}} {
		if _, _, err := m.Put(context.Background(), at.Join(file.name), bytes.NewReader(file.content), 1<<20); err != nil {
			return fmt.Errorf("cannot write the snapshot %s: %w", uri, err)
		}
	}
	return nil
}

// readSnapshot reads what a job is to begin with; "" is nothing.
func readSnapshot(m *storage.Mounts, uri string) (s snapshot, err error) {
	if uri == "" {
		return s, nil
	}
	at, err := cluster.ParseURI(uri, cluster.StorageURI{})
	if err != nil {
		return s, err
	}
	raw, err := m.ReadMetadata(context.Background(), at)
	if err != nil {
		return s, err
	}
	meta, err := flink.ReadMetadata(raw)
	if err != nil {
		return s, err
	}
	count, err := m.Read(context.Background(), at.Join(meta.Files[0].Path), 64)
	if err != nil {
		return s, err
	}
	s.Checkpoint = meta.CheckpointID
	s.Count, err = strconv.ParseInt(string(count), 10, 64)
	return s, err
}

// metadata is the smallest _metadata of format 6: one operator, whose state is one file of so many bytes.
func metadata(checkpoint, bytes int64, class string) []byte {
	id, _ := hex.DecodeString(counterID)
	var w metaWriter
	w.i32(0x4960672d).i32(6).i64(checkpoint).i32(0) // no master states
	w.i32(1).utf("counter").utf("counter")
	w = append(w, id...)
	w.i32(1).i32(128) // parallelism, and at most
	w = append(w, 6)  // a file beside this one
	w.utf(stateFile).i64(bytes).i32(0)
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
