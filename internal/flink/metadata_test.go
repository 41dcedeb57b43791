package flink

import (
	"bytes"
	"os"
	"strings"
	"testing"
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

func FuzzReadMetadata(f *testing.F) {
	f.Add(golden(f))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = ReadMetadata(data) // whatever comes: an error or a value, never a panic
	})
}
