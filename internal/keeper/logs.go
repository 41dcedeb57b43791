package keeper

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// segment is one file of output.
type segment struct{ start, size int64 }

func (s segment) end() int64 { return s.start + s.size }

func segmentName(start int64) string { return fmt.Sprintf("%020d", start) }

// OpenLogs reads the output kept in a log folder from cursor on, up to what is there now. It needs no living keeper. The
// answered cursor is where reading begins: later than asked if the bytes asked for are gone. Reading ends early at a gap;
// asking again from there leads over it. A folder that is not there holds nothing.
func OpenLogs(folder string, cursor int64) (io.ReadCloser, int64, error) {
	cursor = max(cursor, 0)
	for {
		segments, err := listSegments(folder)
		if err != nil {
			return nil, 0, fmt.Errorf("cannot list the output: %w", err)
		}
		for len(segments) > 0 && segments[0].end() <= cursor {
			segments = segments[1:]
		}
		if len(segments) == 0 {
			return io.NopCloser(eof{}), cursor, nil
		}
		r := &logReader{folder: folder, segments: segments, at: max(cursor, segments[0].start)}
		begin := r.at
		switch err := r.open(); {
		case errors.Is(err, fs.ErrNotExist): // it was the oldest and went meanwhile: look again
		case err != nil:
			return nil, 0, fmt.Errorf("cannot open the output: %w", err)
		default:
			return r, begin, nil
		}
	}
}

// listSegments lists the files of output, oldest first.
func listSegments(folder string) ([]segment, error) {
	entries, err := os.ReadDir(folder) // names have a fixed width, so they are sorted by offset
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var segments []segment
	for _, e := range entries {
		start, err := strconv.ParseInt(e.Name(), 10, 64)
		if err != nil || segmentName(start) != e.Name() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		segments = append(segments, segment{start, info.Size()})
	}
	return segments, nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// logReader reads segments that follow each other without a gap.
type logReader struct {
	folder   string
	segments []segment // those still to read; the first one is open, or the next to be opened
	at       int64     // offset of the next byte
	file     *os.File
}

// open opens the first of the segments at the reader's offset.
func (r *logReader) open() (err error) {
	r.file, err = os.Open(filepath.Join(r.folder, segmentName(r.segments[0].start)))
	return err
}

// Read implements [io.Reader].
func (r *logReader) Read(b []byte) (int, error) {
	if r.at >= r.segments[0].end() {
		if err := r.advance(); err != nil {
			return 0, err
		}
	}
	now := r.segments[0]
	n, err := r.file.ReadAt(b[:min(int64(len(b)), now.end()-r.at)], r.at-now.start)
	r.at += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// advance goes to the next segment; [io.EOF] if there is none, it does not follow, or it is gone.
func (r *logReader) advance() error {
	if len(r.segments) < 2 || r.segments[1].start != r.at {
		return io.EOF
	}
	r.file.Close()
	r.segments = r.segments[1:]
	err := r.open()
	if errors.Is(err, fs.ErrNotExist) {
		return io.EOF
	}
	return err
}

// Close implements [io.Closer].
func (r *logReader) Close() error { return r.file.Close() }

// LogEnd is the offset behind the last byte of output kept in a folder; 0 if it is not there.
func LogEnd(folder string) (int64, error) {
	segments, err := listSegments(folder)
	if err != nil || len(segments) == 0 {
		return 0, err
	}
	return segments[len(segments)-1].end(), nil
}

// KeepLogs keeps a piece of somebody else's output that begins at an offset, as [OpenLogs] reads it, and answers its length. Only
// one may do so at a time.
func KeepLogs(folder string, begin int64, r io.Reader) (int64, error) {
	o, err := newOutput(folder)
	if err != nil {
		return 0, err
	}
	defer o.shut()
	o.resume(begin)
	var total int64
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		o.append(buf[:n])
		total += int64(n)
		if errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			continue
		}
		if kept := o.end - begin; err == nil && kept != total {
			err = errors.New("the output could not be kept")
		}
		return total, err
	}
}
