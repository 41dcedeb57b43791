package keeper

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// smallOutput cuts after 10 bytes and keeps 3 files.
func smallOutput(t *testing.T) *output {
	t.Helper()
	o, err := newOutput(filepath.Join(t.TempDir(), LogFolder))
	if err != nil {
		t.Fatal(err)
	}
	o.cut, o.kept = 10, 3
	return o
}

func filesOf(t *testing.T, o *output) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(o.folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, strings.TrimLeft(e.Name(), "0"))
	}
	return names
}

func readFrom(t *testing.T, folder string, cursor int64) string {
	t.Helper()
	r, begin, err := OpenLogs(folder, cursor)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d:%s", begin, text)
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func TestOutputIsCutAndTheOldestGoes(t *testing.T) {
	t.Parallel()
	for _, chunk := range []int{1, 3, 10, 11, len(alphabet)} {
		o := smallOutput(t)
		for part := range slices.Chunk([]byte(alphabet), chunk) {
			o.append(part)
		}
		if got, want := filesOf(t, o), []string{"30", "40", "50"}; !slices.Equal(got, want) {
			t.Errorf("written %d at a time: files %q, want %q", chunk, got, want)
		}
		if end, _ := o.length(); end != int64(len(alphabet)) {
			t.Errorf("written %d at a time: the end is %d, want %d", chunk, end, len(alphabet))
		}
	}
}

func TestTheCapIs64MiB(t *testing.T) {
	t.Parallel()
	if cutBytes != 8<<20 || cutBytes*keptFiles != 64<<20 {
		t.Errorf("cut at %d, %d files", cutBytes, keptFiles)
	}
}

func TestACursorLeadsToTheBytesBehindIt(t *testing.T) {
	t.Parallel()
	o := smallOutput(t)
	if got := readFrom(t, o.folder, 7); got != "7:" {
		t.Errorf("before the first byte: got %q", got)
	}
	o.append([]byte(alphabet))
	for why, tt := range map[string]struct {
		cursor int64
		want   string
	}{
		"what is gone is stepped over": {0, "30:EFGHIJKLMNOPQRSTUVWXYZ"},
		"the first byte kept":          {30, "30:EFGHIJKLMNOPQRSTUVWXYZ"},
		"within a file":                {33, "33:HIJKLMNOPQRSTUVWXYZ"},
		"the first byte of a file":     {40, "40:OPQRSTUVWXYZ"},
		"the last byte":                {51, "51:Z"},
		"the end":                      {52, "52:"},
		"behind the end":               {99, "99:"},
		"before the beginning":         {-5, "30:EFGHIJKLMNOPQRSTUVWXYZ"},
	} {
		if got := readFrom(t, o.folder, tt.cursor); got != tt.want {
			t.Errorf("%s: got %q, want %q", why, got, tt.want)
		}
	}
	if got := string(o.tail(5)); got != "VWXYZ" {
		t.Errorf("the tail is %q", got)
	}
}

func TestWhatCouldNotBeWrittenLeavesAGap(t *testing.T) {
	t.Parallel()
	o := smallOutput(t)
	o.append([]byte("abc"))
	o.file.Close() // the next write fails, as on a full disk
	o.append([]byte("lost"))
	o.append([]byte("xyz"))
	if got := readFrom(t, o.folder, 0); got != "0:abc" {
		t.Errorf("before the gap: got %q", got)
	}
	if got := readFrom(t, o.folder, 3); got != "7:xyz" {
		t.Errorf("over the gap: got %q", got)
	}
	if err := os.RemoveAll(o.folder); err != nil {
		t.Fatal(err)
	}
	o.file.Close()
	o.append([]byte("lost too"))
	if end, _ := o.length(); end != 18 {
		t.Errorf("the end is %d, want 18", end)
	}
}

func TestAFileThatGotNothingIsNoFile(t *testing.T) {
	t.Parallel()
	o := smallOutput(t)
	if err := o.next(); err != nil {
		t.Fatal(err)
	}
	o.file.Close()
	o.append([]byte("lost"))
	o.append([]byte("abc"))
	if got, want := filesOf(t, o), []string{"4"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

func TestReadingWhileWritingGivesEachByteOnce(t *testing.T) {
	t.Parallel()
	o := smallOutput(t)
	o.cut, o.kept = 1<<10, 1<<10
	want := bytes.Repeat([]byte(alphabet), 2000)
	go func() {
		for part := range slices.Chunk(want, 700) {
			o.append(part)
		}
	}()
	var got []byte
	for len(got) < len(want) {
		o.waitPast(t.Context(), int64(len(got)), nil)
		r, begin, err := OpenLogs(o.folder, int64(len(got)))
		if err != nil || begin != int64(len(got)) {
			t.Fatalf("at %d: begins at %d, %v", len(got), begin, err)
		}
		part, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		got = append(got, part...)
	}
	if !bytes.Equal(got, want) {
		t.Error("the bytes read are not the bytes written")
	}
}

func TestReadingWhileTheOldestGoesNeverFails(t *testing.T) {
	t.Parallel()
	o := smallOutput(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 3000 {
			o.append([]byte("0123456789"))
		}
	}()
	for cursor, running := int64(0), true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		r, begin, err := OpenLogs(o.folder, cursor)
		if err != nil || begin < cursor {
			t.Fatalf("from %d: begins at %d, %v", cursor, begin, err)
		}
		part, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		if len(part) > 0 && int64(part[0]-'0') != begin%10 {
			t.Fatalf("at %d there is %q", begin, part)
		}
		cursor = begin + int64(len(part))
	}
}

func TestANextProcessGoesOnWhereTheLastOneEnded(t *testing.T) {
	t.Parallel()
	before := smallOutput(t)
	before.append([]byte(alphabet[:26]))
	put(t, before.folder, segmentName(26), "") // its keeper was killed before the first byte
	o, err := newOutput(before.folder)
	if err != nil {
		t.Fatal(err)
	}
	o.cut, o.kept = before.cut, before.kept
	if got := string(o.tail(5)); got != "" {
		t.Errorf("before its first byte, its tail is %q", got)
	}
	o.append([]byte(alphabet[26:36]))
	if got, want := readFrom(t, o.folder, 20), "20:"+alphabet[20:36]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := string(o.tail(20)); got != alphabet[26:36] {
		t.Errorf("its tail is %q", got)
	}
	o.append([]byte(alphabet[36:]))
	if got := filesOf(t, o); len(got) != o.kept {
		t.Errorf("files %q are kept, want %d", got, o.kept)
	}
}
