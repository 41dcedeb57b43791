package storage

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"drey/internal/cluster"
)

// invalidJar is what is wrong with a jar that is there. name is its URI or its role.
func invalidJar(name, why string) *cluster.Error {
	return cluster.Errorf(cluster.Invalid, "InvalidJar", "", "%s is not a usable jar: %s.", name, why).WithHint("build the jar again and upload it")
}

// harm says why a file is no usable jar, or "".
func harm(file io.ReaderAt, size int64) (string, error) {
	list := &metered{r: file, left: maxDirectory, entries: maxJarEntries + signatureSlack}
	z, err := zip.NewReader(list, size)
	switch {
	case errors.Is(err, errMetered):
		return "the list of its entries is too long", nil
	case list.failed != nil:
		return "", list.failed
	case err != nil:
		return "it cannot be read as a zip file", nil
	case len(z.File) > maxJarEntries:
		return fmt.Sprintf("it has more than %d entries", maxJarEntries), nil
	}
	return harmOfEntries(z.File, size), nil
}

func harmOfEntries(entries []*zip.File, size int64) string {
	var inflated uint64
	for _, f := range entries {
		name := strings.ReplaceAll(f.Name, `\`, "/")
		if strings.HasPrefix(name, "/") || driveForm(name) || slices.Contains(strings.Split(name, "/"), "..") || strings.ContainsRune(name, 0) {
			return "an entry's name leads out of it"
		}
		if f.Flags&encrypted != 0 {
			return "it is encrypted"
		}
		if f.Mode()&fs.ModeSymlink != 0 {
			return "an entry is a link"
		}
		if f.UncompressedSize64 > maxJarInflated-inflated { // compared this way, sums cannot overflow
			return "it inflates to more than 8 GiB"
		}
		inflated += f.UncompressedSize64
	}
	if inflated > smallInflated && inflated/maxRatio > uint64(size) {
		return fmt.Sprintf("it inflates to more than %d times its size", maxRatio)
	}
	return ""
}

// driveForm reports whether a name begins with a drive: that is absolute elsewhere.
func driveForm(name string) bool { return len(name) > 2 && name[1] == ':' && name[2] == '/' }

var errMetered = errors.New("more was read than allowed")

// metered bounds what is read of a file, and how many entries go by, since an archive's own count of its entries may lie: package zip
// keeps all it finds in memory.
type metered struct {
	r       io.ReaderAt
	left    int64
	entries int
	tail    []byte // the last bytes seen, up to next: a signature may be cut by the end of a read
	next    int64
	failed  error // of the file itself
}

// signature begins each entry of an archive's list. Its bytes may also be in a name, or be read twice when the list's end is
// looked for; signatureSlack is more than that can add to a jar which is none of the harmful ones.
var signature = []byte("PK\x01\x02")

const (
	signatureSlack = 4096
	encrypted      = 1 // flag of an entry
)

func (m *metered) ReadAt(b []byte, at int64) (int, error) {
	if m.left -= int64(len(b)); m.left < 0 {
		return 0, errMetered
	}
	n, err := m.r.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		m.failed = err
	}
	if at != m.next {
		m.tail = nil
	}
	seam := append(m.tail, b[:min(n, len(signature)-1)]...)
	m.entries -= bytes.Count(seam, signature) + bytes.Count(b[:n], signature)
	m.tail, m.next = slices.Clone(b[max(0, n-len(signature)+1):n]), at+int64(n)
	if m.entries < 0 {
		return 0, errMetered
	}
	return n, err
}
