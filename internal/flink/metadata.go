package flink

import (
	"fmt"
	"math"
	"strings"
)

// Metadata is what the _metadata file of a snapshot says (flink.md section 12, checked against Flink's own sample files).
type Metadata struct {
	Version      int // of the format: 3 (Flink 1.11) to 6 (2.1 and later)
	CheckpointID int64
	Operators    []OperatorState
	Savepoint    bool   // by the properties at the end; false also for formats that have none
	Format       string // of a savepoint: CANONICAL, NATIVE, or ""
	Stopped      bool   // a stop made it
	Relocatable  bool   // no absolute path in it
	Files        []StateFile
}

// OperatorState is the state of one operator.
type OperatorState struct {
	ID                          string // 32 lower-case hex digits
	Name, UID                   string // format 5 and later; "" before
	Parallelism, MaxParallelism int
	Bytes                       int64 // of all its streams
	HasState                    bool  // any handle at all, its coordinator's too, as Flink asks before it lets an operator go
	Keyed                       bool  // some of it belongs to keys
	Finished                    bool  // all or some of its subtasks had come to their end
}

// StateFile is a file that belongs to the snapshot, by its path relative to the snapshot's folder.
type StateFile struct {
	Path  string
	Bytes int64
}

const metadataMagic = 0x4960672d

// ReadMetadata reads a _metadata file to its end. Anything it does not know is an error, never a guess.
func ReadMetadata(data []byte) (m Metadata, err error) {
	r := &metaReader{data: data, version: 0, out: &m}
	defer func() {
		if p := recover(); p != nil {
			bad, ok := p.(metaError)
			if !ok {
				panic(p)
			}
			m, err = Metadata{}, bad.error
		}
	}()
	r.file()
	return m, nil
}

// metaError carries a reader's error out of the grammar.
type metaError struct{ error }

// metaReader reads the grammar top down; it leaves by panic with a metaError, which ReadMetadata catches.
type metaReader struct {
	data    []byte
	at      int
	version int
	out     *Metadata
	op      *OperatorState
	depth   int
}

func (r *metaReader) fail(format string, args ...any) {
	panic(metaError{fmt.Errorf("the metadata is damaged at byte %d: %s", r.at, fmt.Sprintf(format, args...))})
}

func (r *metaReader) raw(n int) []byte {
	if n < 0 || n > len(r.data)-r.at {
		r.fail("%d bytes are missing", n-(len(r.data)-r.at))
	}
	b := r.data[r.at : r.at+n]
	r.at += n
	return b
}

func (r *metaReader) number(n int) (v uint64) {
	for _, b := range r.raw(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

func (r *metaReader) u8() byte      { return r.raw(1)[0] }
func (r *metaReader) i32() int      { return int(int32(r.number(4))) }
func (r *metaReader) i64() int64    { return int64(r.number(8)) }
func (r *metaReader) utf() string   { return string(r.raw(int(r.number(2)))) }
func (r *metaReader) bytes() []byte { return r.raw(r.i32()) }

// count reads a count of things of at least size bytes each, so that a damaged file cannot ask for more than it holds.
func (r *metaReader) count(size int) int {
	n := r.i32()
	if n < 0 || n > (len(r.data)-r.at)/size {
		r.fail("a count of %d", n)
	}
	return n
}

func (r *metaReader) longs() { r.raw(8 * r.count(8)) }

// add counts state to the operator. A size that cannot be is damage: what follows from it must not be believed.
func (r *metaReader) add(size int64) int64 {
	if size < 0 || r.op.Bytes > math.MaxInt64-size {
		r.fail("a size of %d", size)
	}
	r.op.Bytes += size
	return size
}

func (r *metaReader) file() {
	if r.number(4) != metadataMagic {
		r.at = 0
		r.fail("it does not begin as a snapshot's metadata does")
	}
	r.version = r.i32()
	if r.version < 3 || r.version > 6 {
		r.fail("format %d is not known", r.version)
	}
	r.out.Version, r.out.CheckpointID, r.out.Relocatable = r.version, r.i64(), true
	for range r.count(8) {
		r.raw(4)
		r.bytes()
	}
	for range r.count(29) { // id, two parallelisms, no coordinator state, no subtasks
		r.operator()
	}
	r.properties()
}

func (r *metaReader) operator() {
	var op OperatorState
	if r.version >= 5 {
		op.Name, op.UID = r.utf(), r.utf()
	}
	op.ID = fmt.Sprintf("%x", r.raw(16))
	op.Parallelism, op.MaxParallelism = r.i32(), r.i32()
	r.op = &op
	r.stream()
	n := r.i32()
	if n > (len(r.data)-r.at)/4 {
		r.fail("%d subtasks", n)
	}
	op.Finished = n < 0 // the whole operator
	for range max(n, 0) {
		r.subtask()
	}
	r.out.Operators = append(r.out.Operators, op)
}

func (r *metaReader) subtask() {
	if r.i32() < 0 {
		r.op.Finished = true
		return
	}
	for range 2 {
		if r.i32() != 0 {
			r.operatorHandle()
		}
	}
	r.keyed()
	r.keyed()
	for range 2 {
		for range r.count(1) {
			r.op.HasState = true
			r.channel()
		}
	}
}

// handle reads the type of a handle and notes that the operator has state, unless it is 0, none.
func (r *metaReader) handle() byte {
	t := r.u8()
	r.op.HasState = r.op.HasState || t != 0
	return t
}

// stream is one piece of state, wherever it lies.
func (r *metaReader) stream() {
	r.deeper()
	defer r.shallower()
	switch t := r.handle(); t {
	case 0, 16:
	case 1:
		r.utf()
		r.add(int64(len(r.bytes())))
	case 2:
		r.add(r.i64())
		r.utf()
		r.out.Relocatable = false
	case 3:
		r.i32()
		r.longs()
		r.stream()
	case 6:
		path := r.utf()
		r.out.Files = append(r.out.Files, StateFile{path, r.add(r.i64())})
	case 15:
		r.i64()
		r.add(r.i64())
		r.i32()
		r.utf()
		r.utf()
		r.out.Relocatable = false
	default:
		r.unknown(t)
	}
}

func (r *metaReader) unknown(t byte) {
	r.at--
	r.fail("unknown handle type %d", t)
}

// deeper bounds recursion: no file of Flink's nests deeper.
func (r *metaReader) deeper() {
	if r.depth++; r.depth > 32 {
		r.fail("handles nest too deep")
	}
}

func (r *metaReader) shallower() { r.depth-- }

func (r *metaReader) operatorHandle() {
	switch t := r.handle(); t {
	case 0:
	case 4, 17:
		for range r.count(7) {
			r.utf()
			r.u8()
			r.longs()
		}
		if t == 17 {
			r.utf()
			r.utf()
			r.u8()
		}
		r.stream()
	default:
		r.unknown(t)
	}
}

func (r *metaReader) keyed() {
	r.deeper()
	defer r.shallower()
	t := r.handle()
	r.op.Keyed = r.op.Keyed || t != 0
	switch t {
	case 0:
	case 3, 7, 12:
		r.i32()
		r.longs()
		r.stream()
		if t == 12 {
			r.utf()
		}
	case 5, 11:
		r.i64()
		r.utf()
		r.raw(8)
		if t == 11 {
			r.i64()
		}
		r.stream()
		r.named()
		r.named()
		if t == 11 {
			r.utf()
		}
	case 8, 14:
		r.raw(16)
		for range 2 {
			for range r.count(1) {
				r.keyed()
			}
		}
		r.i64()
		if t == 14 {
			r.i64()
		}
		r.utf()
	case 9:
		r.raw(24)
		for range r.count(8) {
			r.i32()
			r.bytes()
		}
		r.utf()
	case 10, 13:
		r.raw(8)
		for range r.count(9) {
			r.i64()
			r.stream()
		}
		r.raw(16)
		r.utf()
		if t == 13 {
			r.utf()
		}
	default:
		r.unknown(t)
	}
}

func (r *metaReader) named() {
	for range r.count(3) {
		r.utf()
		r.stream()
	}
}

func (r *metaReader) channel() {
	if r.version >= 6 {
		switch t := r.u8(); t {
		case 1, 2:
		case 3, 4:
			r.i32()
			r.i64()
			r.stream()
			r.bytes()
			return
		default:
			r.unknown(t)
		}
	}
	r.raw(12)
	r.longs()
	r.i64()
	r.stream()
}

// properties reads the kind out of the Java object stream at the end, by its strings: no deserializer is needed.
func (r *metaReader) properties() {
	rest := string(r.data[r.at:])
	if r.version < 4 {
		if rest != "" {
			r.fail("%d bytes too many", len(rest))
		}
		return
	}
	if !strings.HasPrefix(rest, "\xac\xed\x00\x05") {
		r.fail("the properties at the end are missing")
	}
	r.out.Savepoint = strings.Contains(rest, "org.apache.flink.runtime.checkpoint.SavepointType")
	if !r.out.Savepoint && !strings.Contains(rest, "org.apache.flink.runtime.checkpoint.CheckpointType") && rest[4:] != "\x70" {
		r.fail("the properties at the end name no kind of snapshot")
	}
	for _, format := range []string{"CANONICAL", "NATIVE"} {
		if r.out.Savepoint && strings.Contains(rest, format) {
			r.out.Format = format
		}
	}
	r.out.Stopped = r.out.Savepoint && (strings.Contains(rest, "SUSPEND") || strings.Contains(rest, "TERMINATE"))
}
