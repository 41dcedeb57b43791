package storage

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	maxClassBytes  = 4 << 20
	maxClassesRead = 20_000
	maxClassTotal  = 256 << 20 // of all classes of a jar that are looked into
	accPublic      = 0x0001
	accStatic      = 0x0008
)

// mains lists classes of a jar that have a public static void main(String[]), at most limit of them.
func mains(path string, limit int) ([]string, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read a jar: %w", err)
	}
	defer func() { _ = z.Close() }()
	var found []string
	left, total := maxClassesRead, maxClassTotal
	for _, f := range z.File {
		if len(found) >= limit || left <= 0 || total <= 0 {
			break
		}
		if !strings.HasSuffix(f.Name, ".class") || strings.Contains(f.Name, "$") || strings.HasPrefix(f.Name, "META-INF/") || f.UncompressedSize64 > maxClassBytes {
			continue
		}
		left--
		data, err := readEntry(f)
		total -= len(data)
		if err == nil {
			if has, err := hasMain(data); err == nil && has {
				found = append(found, strings.ReplaceAll(strings.TrimSuffix(f.Name, ".class"), "/", "."))
			}
		}
	}
	slices.Sort(found)
	return found, nil
}

func readEntry(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxClassBytes))
	return data, errors.Join(err, r.Close())
}

var errShort = errors.New("the class file ends too early")

// classReader reads a class file (JVM specification, chapter 4) as far as its methods.
type classReader struct {
	data []byte
	at   int
	bad  bool
}

func (r *classReader) skip(n int) []byte {
	if n < 0 || n > len(r.data)-r.at {
		r.bad = true
		return make([]byte, 8)
	}
	b := r.data[r.at : r.at+n]
	r.at += n
	return b
}

func (r *classReader) u2() int { return int(binary.BigEndian.Uint16(r.skip(2))) }
func (r *classReader) u4() int { return int(binary.BigEndian.Uint32(r.skip(4))) }

// constantSize is the size of a constant after its tag; 0 where it is told otherwise or not known.
var constantSize = map[byte]int{3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}

// hasMain reports whether a class has a public static void main(String[]).
func hasMain(data []byte) (bool, error) {
	r := &classReader{data: data}
	if r.u4() != 0xCAFEBABE {
		return false, errors.New("this is no class file")
	}
	r.skip(4)
	text, err := r.constants()
	if err != nil {
		return false, err
	}
	r.skip(6)
	r.skip(2 * r.u2())
	r.members(nil) // fields
	found := false
	r.members(func(access int, name, kind string) {
		found = found || access&(accPublic|accStatic) == accPublic|accStatic && name == "main" && kind == "([Ljava/lang/String;)V"
	}, text...)
	if r.bad {
		return false, errShort
	}
	return found, nil
}

// constants reads the pool; only its texts are kept.
func (r *classReader) constants() ([]string, error) {
	n := r.u2()
	text := make([]string, n)
	for i := 1; i < n && !r.bad; i++ {
		tag := r.skip(1)[0]
		switch size := constantSize[tag]; {
		case tag == 1:
			text[i] = string(r.skip(r.u2()))
		case size == 0:
			return nil, fmt.Errorf("constant %d is of an unknown kind %d", i, tag)
		default:
			r.skip(size)
			if tag == 5 || tag == 6 {
				i++ // longs and doubles take two places
			}
		}
	}
	return text, nil
}

// members reads fields or methods.
func (r *classReader) members(see func(access int, name, kind string), text ...string) {
	at := func(i int) string {
		if i < len(text) {
			return text[i]
		}
		return ""
	}
	for n := r.u2(); n > 0 && !r.bad; n-- {
		access, name, kind := r.u2(), r.u2(), r.u2()
		for a := r.u2(); a > 0 && !r.bad; a-- {
			r.skip(2)
			r.skip(r.u4())
		}
		if see != nil {
			see(access, at(name), at(kind))
		}
	}
}
