package keeper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Output is cut at cutBytes; the newest keptFiles stay, so that all of it is at most 64 MiB.
const (
	cutBytes  = 8 << 20
	keptFiles = 8
)

// drainLimit bounds what is read after the process's end before its end is recorded: more than any pipe holds, so that
// a descendant that goes on writing cannot delay the record.
const drainLimit = 4 << 20

// output writes one stream of bytes into files named by the offset of their first byte. Offsets count every byte the
// process wrote, also those that could not be kept: a full disk makes a gap, never a process that waits for us. They go on
// where the output of a process before this one ended.
type output struct {
	folder string
	cut    int64
	kept   int
	start  int64 // offset of the first byte of this process

	mu      sync.Mutex
	file    *os.File // nil: the next byte opens one
	size    int64    // of file
	end     int64    // offset of the next byte
	starts  []int64  // of the files kept, oldest first
	changed chan struct{}
}

func newOutput(folder string) (*output, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the log folder: %w", err)
	}
	before, err := listSegments(folder)
	if err != nil {
		return nil, fmt.Errorf("cannot list the output before: %w", err)
	}
	o := &output{folder: folder, cut: cutBytes, kept: keptFiles, changed: make(chan struct{})}
	for _, s := range before {
		if o.end = s.end(); s.size > 0 {
			o.starts = append(o.starts, s.start)
		} else if err := os.Remove(o.path(s.start)); err != nil { // its keeper was killed too early; the name is the next one's
			return nil, fmt.Errorf("cannot remove an empty file of output: %w", err)
		}
	}
	o.start = o.end
	return o, nil
}

// resume makes the next byte the one at offset begin: in the newest file, if that ends there and is not full.
func (o *output) resume(begin int64) {
	last := len(o.starts) - 1
	if last >= 0 && o.end == begin && begin-o.starts[last] < o.cut {
		if f, err := os.OpenFile(o.path(o.starts[last]), os.O_WRONLY|os.O_APPEND, 0); err == nil {
			o.file, o.size = f, begin-o.starts[last]
		}
	}
	o.end = begin
}

// capture reads the pipe until nobody can write to it any more. An expired read deadline tells it that the process has
// ended: it then closes drained as soon as everything the process itself wrote is in the files, and reads on.
func (o *output) capture(pipe *os.File, drained chan<- struct{}) {
	defer pipe.Close()
	said := sync.OnceFunc(func() { close(drained) })
	defer said()
	buf := make([]byte, 64<<10)
	for {
		n, err := pipe.Read(buf)
		o.append(buf[:n])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			_ = pipe.SetReadDeadline(time.Time{})
			o.drain(pipe, buf)
			said()
		} else if err != nil {
			return
		}
	}
}

// drain keeps what is in the pipe now, without waiting.
func (o *output) drain(pipe *os.File, buf []byte) {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	for total := 0; total < drainLimit; {
		n := 0
		_ = raw.Read(func(fd uintptr) bool {
			n, _ = syscall.Read(int(fd), buf)
			return true
		})
		if n <= 0 {
			return
		}
		o.append(buf[:n])
		total += n
	}
}

// append keeps b. What cannot be written is lost, and counted.
func (o *output) append(b []byte) {
	if len(b) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(b) > 0 {
		n, err := o.write(b)
		b = b[n:]
		if err != nil {
			o.end += int64(len(b))
			break
		}
	}
	close(o.changed)
	o.changed = make(chan struct{})
}

// write puts the part of b that fits into the current file.
func (o *output) write(b []byte) (int, error) {
	if o.file == nil || o.size >= o.cut {
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	n, err := o.file.Write(b[:min(int64(len(b)), o.cut-o.size)])
	o.size += int64(n)
	o.end += int64(n)
	if err != nil {
		o.shut() // bytes are lost now, so the next file begins after the gap
	}
	return n, err
}

// next opens the file that begins at o.end, and removes the oldest beyond the cap.
func (o *output) next() error {
	o.shut()
	f, err := os.OpenFile(o.path(o.end), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	o.file, o.size, o.starts = f, 0, append(o.starts, o.end)
	for len(o.starts) > o.kept {
		os.Remove(o.path(o.starts[0]))
		o.starts = o.starts[1:]
	}
	return nil
}

// shut closes the current file. An empty one goes: its name would be in the way of nothing but the truth.
func (o *output) shut() {
	if o.file == nil {
		return
	}
	o.file.Close()
	if o.size == 0 {
		last := len(o.starts) - 1
		os.Remove(o.path(o.starts[last]))
		o.starts = o.starts[:last]
	}
	o.file = nil
}

func (o *output) path(start int64) string { return filepath.Join(o.folder, segmentName(start)) }

// length is the offset of the next byte, and a channel that closes when it has moved.
func (o *output) length() (int64, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.end, o.changed
}

// waitPast waits until there is a byte at cursor, done closes, or ctx ends.
func (o *output) waitPast(ctx context.Context, cursor int64, done <-chan struct{}) {
	for {
		end, changed := o.length()
		if end > cursor {
			return
		}
		select {
		case <-changed:
		case <-done:
			return
		case <-ctx.Done():
			return
		}
	}
}

// tail is the newest part of this process's output, at most n bytes.
func (o *output) tail(n int64) []byte {
	end, _ := o.length()
	r, _, err := OpenLogs(o.folder, max(o.start, end-n))
	if err != nil {
		return nil
	}
	defer r.Close()
	text, _ := io.ReadAll(r)
	return text
}
