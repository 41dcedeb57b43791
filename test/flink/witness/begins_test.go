package witness

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBeginsTellTheRecordsAroundAStart(t *testing.T) {
	s := script{t, t.TempDir()}
	s.run("a", 1, 1, 100, nil)
	s.run("b", 5, 101, 150, nil)
	got, err := Begins(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []Begin{ // a line each millisecond, the first is `open`
		{Incarnation: "a", First: time.UnixMilli(1001), Number: 1},
		{Incarnation: "b", Predecessor: "a", Before: time.UnixMilli(1100), First: time.UnixMilli(5001), Number: 101},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("begins differ (-want +got):\n%s", diff)
	}
}

func TestNewestReadsTheLastRecordAtTheEndOfALongLedger(t *testing.T) {
	s := script{t, t.TempDir()}
	if number, writer, err := Newest(s.dir); number != 0 || writer != "" || err != nil {
		t.Errorf("an empty ledger ends with %d by %q, %v", number, writer, err)
	}
	s.run("a", 1, 1, 1000, nil)
	if number, writer, err := Newest(s.dir); number != 1000 || writer != "a/1" || err != nil {
		t.Errorf("the ledger ends with %d by %q, %v; want 1000 by a/1", number, writer, err)
	}
}
