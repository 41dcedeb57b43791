package flink

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden is a savepoint of the hello job, made by Flink 2.3.0 with RocksDB.
func golden(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/savepoint-2.3.0.metadata")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestARealSavepointIsReadToItsEnd(t *testing.T) {
	m, err := ReadMetadata(golden(t))
	if err != nil {
		t.Fatal(err)
	}
	if m.Version != 6 || m.CheckpointID < 1 || !m.Savepoint || m.Format != "NATIVE" || !m.Stopped || !m.Relocatable {
		t.Errorf("got version %d, checkpoint %d, savepoint %v, format %q, relocatable %v", m.Version, m.CheckpointID, m.Savepoint, m.Format, m.Relocatable)
	}
	uids := map[string]bool{}
	for _, op := range m.Operators {
		uids[op.UID] = true
		if len(op.ID) != 32 || op.Parallelism < 1 {
			t.Errorf("operator %+v", op)
		}
	}
	if !uids["counter"] {
		t.Errorf("the counter is not among %v", uids)
	}
}

func TestAMetadataFileThatWasCutIsRefused(t *testing.T) {
	data := golden(t)
	tail := bytes.LastIndex(data, []byte("\xac\xed\x00\x05")) // from here on a Java object stream, of which only strings are read
	for n := range data[:tail+100] {
		if n%97 != 0 && n > 200 {
			continue
		}
		if _, err := ReadMetadata(data[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were taken for whole", n, len(data))
		}
	}
}

func TestAnUnknownHandleIsNeverGuessed(t *testing.T) {
	data := golden(t)
	data[3]++
	if _, err := ReadMetadata(data); err == nil || !strings.Contains(err.Error(), "does not begin") {
		t.Errorf("another magic number: %v", err)
	}
	data = golden(t)
	data[7] = 99
	if _, err := ReadMetadata(data); err == nil || !strings.Contains(err.Error(), "format 99") {
		t.Errorf("another version: %v", err)
	}
}

// metadata writes the head of a file as Flink does: magic number, format, checkpoint 7, no master state, one operator.
func metadata(version uint32, operator ...[]byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, metadataMagic)
	b = binary.BigEndian.AppendUint32(b, version)
	b = binary.BigEndian.AppendUint64(b, 7)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 1)
	return append(b, bytes.Join(operator, nil)...)
}

var (
	operatorID  = bytes.Repeat([]byte{0xab}, 16)
	parallelism = []byte{0, 0, 0, 2, 0, 0, 0, 128}
	noSubtasks  = []byte{0, 0, 0, 0}
	noState     = []byte{0}
	checkpoint  = []byte("\xac\xed\x00\x05 org.apache.flink.runtime.checkpoint.CheckpointType")
)

// stateFile is a coordinator's state in a file: absolute (type 2) or relative (type 6).
func stateFile(absolute bool, path string, size uint64) []byte {
	name := append(binary.BigEndian.AppendUint16(nil, uint16(len(path))), path...)
	if absolute {
		return append(binary.BigEndian.AppendUint64([]byte{2}, size), name...)
	}
	return binary.BigEndian.AppendUint64(append([]byte{6}, name...), size)
}

func TestMetadataByFormat(t *testing.T) {
	id := strings.Repeat("ab", 16)
	for why, tt := range map[string]struct {
		data []byte
		want Metadata
		err  string
	}{
		"Flink 1.11 ends with the operators": {
			data: metadata(3, operatorID, parallelism, noState, noSubtasks),
			want: Metadata{Version: 3, CheckpointID: 7, Relocatable: true, Operators: []OperatorState{{ID: id, Parallelism: 2, MaxParallelism: 128}}},
		},
		"Flink 1.20 names no operators, an absolute path binds it to its place": {
			data: metadata(4, operatorID, parallelism, stateFile(true, "file:/c/chk-7/x", 5), noSubtasks, checkpoint),
			want: Metadata{Version: 4, CheckpointID: 7, Operators: []OperatorState{{ID: id, Parallelism: 2, MaxParallelism: 128, Bytes: 5, HasState: true}}},
		},
		"Flink 2 names operators": {
			data: metadata(5, []byte("\x00\x01n\x00\x01u"), operatorID, parallelism, stateFile(false, "x", 5), noSubtasks, checkpoint),
			want: Metadata{Version: 5, CheckpointID: 7, Relocatable: true, Files: []StateFile{{"x", 5}},
				Operators: []OperatorState{{ID: id, Name: "n", UID: "u", Parallelism: 2, MaxParallelism: 128, Bytes: 5, HasState: true}}},
		},
		"an operator that had finished": {
			data: metadata(4, operatorID, parallelism, noState, []byte{0xff, 0xff, 0xff, 0xff}, checkpoint),
			want: Metadata{Version: 4, CheckpointID: 7, Relocatable: true, Operators: []OperatorState{{ID: id, Parallelism: 2, MaxParallelism: 128, Finished: true}}},
		},
		"a subtask that had finished, and one whose handles are there but empty": {
			data: metadata(3, operatorID, parallelism, noState, []byte{0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff}, make([]byte, 4+8), []byte{12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 1+8)),
			want: Metadata{Version: 3, CheckpointID: 7, Relocatable: true, Operators: []OperatorState{{ID: id, Parallelism: 2, MaxParallelism: 128, HasState: true, Keyed: true, Finished: true}}},
		},
		"a subtask that had nothing to keep": {
			data: metadata(3, operatorID, parallelism, noState, []byte{0, 0, 0, 1}, make([]byte, 4+8+2+8)),
			want: Metadata{Version: 3, CheckpointID: 7, Relocatable: true, Operators: []OperatorState{{ID: id, Parallelism: 2, MaxParallelism: 128}}},
		},
		"more bytes than there may be": {data: metadata(3, operatorID, parallelism, noState, noSubtasks, []byte("x")), err: "1 bytes too many"},
		"a negative size":              {data: metadata(4, operatorID, parallelism, stateFile(false, "x", 1<<63), noSubtasks, checkpoint), err: "a size of -"},
		"an unknown kind of state":     {data: metadata(4, operatorID, parallelism, []byte{99}, noSubtasks, checkpoint), err: "byte 48: unknown handle type 99"},
		"more subtasks than bytes":     {data: metadata(4, operatorID, parallelism, noState, []byte{0x7f, 0, 0, 0}), err: "2130706432 subtasks"},
		"state inside state without end": {data: metadata(4, operatorID, parallelism, bytes.Repeat(append([]byte{3}, make([]byte, 8)...), 64)),
			err: "handles nest too deep"},
		"an old format": {data: metadata(2), err: "format 2 is not known"},
		"no file":       {err: "4 bytes are missing"},
	} {
		t.Run(why, func(t *testing.T) {
			got, err := ReadMetadata(tt.data)
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("got error %v, want %q", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestACanonicalSavepointOfAJobThatRanOn(t *testing.T) {
	data, err := os.ReadFile("testdata/savepoint-canonical-2.3.0.metadata")
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadMetadata(data)
	if err != nil {
		t.Fatal(err)
	}
	if m.Version != 6 || !m.Savepoint || m.Format != "CANONICAL" || m.Stopped || !m.Relocatable || len(m.Operators) == 0 {
		t.Errorf("got format %d, savepoint %v %q, stopped %v, relocatable %v, %d operators", m.Version, m.Savepoint, m.Format, m.Stopped, m.Relocatable, len(m.Operators))
	}
}

func FuzzReadMetadata(f *testing.F) {
	f.Add(golden(f))
	f.Add(metadata(3, operatorID, parallelism, noState, noSubtasks))
	f.Add(metadata(5, []byte("\x00\x01n\x00\x01u"), operatorID, parallelism, stateFile(true, "x", 5), noSubtasks, checkpoint))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = ReadMetadata(data) // whatever comes: an error or a value, never a panic
	})
}
