package witness

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Begin is how a life of the counter began, seen from the records.
type Begin struct {
	Incarnation string
	Predecessor string    // incarnation of the life before; "" if it is the first
	Restored    int64     // checkpoint or savepoint id, 0 = it started empty
	Before      time.Time // the last record before it; zero: there was none
	First       time.Time // its own first record
	Number      int64     // of that one
}

// Begins are the lives that wrote records, in the order in which they began.
func Begins(dir string) ([]Begin, error) {
	lives, _, err := readLedger(dir)
	if err != nil {
		return nil, err
	}
	var begins []Begin
	var before time.Time
	predecessor := ""
	for _, l := range lives {
		if len(l.records) == 0 {
			continue
		}
		begins = append(begins, Begin{Incarnation: l.incarnation, Predecessor: predecessor, Restored: l.restored, Before: before, First: l.records[0].at, Number: l.records[0].a})
		before, predecessor = l.records[len(l.records)-1].at, l.incarnation
	}
	return begins, nil
}

// Newest is the number that was recorded last, and the process that recorded it: its incarnation and its pid, which is not enough, since in
// pods others have the same. 0 and "" if there is none yet, or if the last lines are no records. It reads the end of one file only, so that
// who waits by it does not disturb what it waits for.
func Newest(dir string) (number int64, writer string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.ledger"))
	if err != nil || len(files) == 0 {
		return 0, "", err
	}
	newest, at := "", time.Time{}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return 0, "", err
		}
		if newest == "" || info.ModTime().After(at) {
			newest, at = file, info.ModTime()
		}
	}
	tail, err := readTail(newest)
	if err != nil {
		return 0, "", err
	}
	for _, line := range slices.Backward(strings.Split(tail, "\n")) {
		w := strings.Fields(line)
		if len(w) != 10 || w[0] != "record" {
			continue
		}
		number, err = strconv.ParseInt(w[1], 10, 64)
		return number, w[6] + "/" + w[9], err
	}
	return 0, "", nil
}

// readTail reads the last whole lines of a file.
func readTail(file string) (string, error) {
	const most = 1 << 10
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	from := max(0, info.Size()-most)
	tail := make([]byte, most)
	n, err := f.ReadAt(tail, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	tail = tail[:n]
	if from > 0 {
		tail = tail[bytes.IndexByte(tail, '\n')+1:]
	}
	return string(tail[:bytes.LastIndexByte(tail, '\n')+1]), nil
}
