package storage

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// harmOf checks bytes.
func harmOf(t testing.TB, content []byte) string {
	t.Helper()
	why, err := harm(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return why
}

func TestHarmlessJars(t *testing.T) {
	t.Parallel()
	for why, content := range map[string][]byte{
		"a jar":                       jar(t, manifest(), entry{"a/B.class", string(withMain)}),
		"a jar without anything":      jar(t),
		"names with dots":             jar(t, entry{"a..b/..c/d..", ""}, entry{"META-INF/x.y.", ""}),
		"a folder":                    jar(t, entry{"a/", ""}),
		"text that compresses well":   jar(t, entry{"a", strings.Repeat("a", 1<<20)}),
		"something before the zip":    append([]byte("#!/bin/sh\nexec java -jar $0\n"), jar(t, entry{"a", ""})...),
		"one name twice, as some are": jar(t, entry{"LICENSE", "a"}, entry{"LICENSE", "b"}),
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got := harmOf(t, content); got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// listed is an archive of entries whose sizes are only claimed.
func listed(t testing.TB, headers ...*zip.FileHeader) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, h := range headers {
		if _, err := w.CreateRaw(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHarmfulJars(t *testing.T) {
	t.Parallel()
	link := &zip.FileHeader{Name: "link"}
	link.SetMode(fs.ModeSymlink | 0o777)
	whole := jar(t, entry{"a/b", strings.Repeat("x", 1000)})
	for why, content := range map[string][]byte{
		"nothing":               {},
		"text":                  []byte("PK this is no jar"),
		"cut off":               whole[:len(whole)-30],
		"up and out":            jar(t, entry{"../x", ""}),
		"up in the middle":      jar(t, entry{"a/../../x", ""}),
		"up, as Windows has it": jar(t, entry{`a\..\..\x`, ""}),
		"absolute":              jar(t, entry{"/etc/x", ""}),
		"absolute on Windows":   jar(t, entry{`\x`, ""}),
		"a drive":               jar(t, entry{`C:\x`, ""}),
		"NUL in a name":         jar(t, entry{"a\x00b", ""}),
		"a link":                listed(t, link),
		"encrypted":             listed(t, &zip.FileHeader{Name: "a", Flags: 1}),
		"10 GiB of one":         listed(t, &zip.FileHeader{Name: "a", UncompressedSize64: 10 << 30}),
		"5 GiB twice":           listed(t, &zip.FileHeader{Name: "a", UncompressedSize64: 5 << 30}, &zip.FileHeader{Name: "b", UncompressedSize64: 5 << 30}),
		"sums that overflow":    listed(t, &zip.FileHeader{Name: "a", UncompressedSize64: 1 << 63}, &zip.FileHeader{Name: "b", UncompressedSize64: 1 << 63}),
		"more than 200 times":   listed(t, &zip.FileHeader{Name: "a", UncompressedSize64: 101 << 20}),
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got := harmOf(t, content); got == "" {
				t.Error("it was accepted")
			}
		})
	}
}

// crowd is a well-formed archive of n empty entries; declared is what its end says of their number.
func crowd(n, declared int) []byte {
	var local, list bytes.Buffer
	put := func(b *bytes.Buffer, v ...any) {
		for _, x := range v {
			_ = binary.Write(b, binary.LittleEndian, x)
		}
	}
	put(&local, []byte("PK\x03\x04"), make([]byte, 26))
	for range n {
		put(&list, []byte("PK\x01\x02"), make([]byte, 12), uint32(crc32.ChecksumIEEE(nil)), make([]byte, 8), uint16(1), make([]byte, 16), []byte("a"))
	}
	var b bytes.Buffer
	// As many local bytes as package zip wants for the number that is declared.
	b.Write(local.Bytes())
	b.Write(make([]byte, 30*declared))
	at := b.Len()
	b.Write(list.Bytes())
	put(&b, []byte("PK\x05\x06"), uint16(0), uint16(0), uint16(declared), uint16(declared), uint32(list.Len()), uint32(at), uint16(0))
	return b.Bytes()
}

func TestTheReaderOfCrowdsIsRight(t *testing.T) {
	t.Parallel()
	if got := harmOf(t, crowd(1000, 1000)); got != "" {
		t.Fatalf("an honest crowd: got %q", got)
	}
}

// A million entries must not become a million objects in memory, whatever number the archive's end declares.
func TestACrowdOfEntriesTakesLittleMemory(t *testing.T) {
	const entries = 1_000_000
	content := crowd(entries, entries%65536)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	why := harmOf(t, content)
	runtime.ReadMemStats(&after)
	if why == "" {
		t.Error("it was accepted")
	}
	// All that was ever allocated on the way, not only what was held at once.
	mib := (after.TotalAlloc - before.TotalAlloc) >> 20
	if mib > 96 {
		t.Errorf("it took %d MiB", mib)
	}
}

func TestAnUnreadableFileIsNotAnInvalidJar(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	if why, err := harm(failing{broken}, 1000); why != "" || !errors.Is(err, broken) {
		t.Errorf("got %q, %v, want the error", why, err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func FuzzHarm(f *testing.F) {
	f.Add(jar(f, manifest("Main-Class: a.B"), entry{"a/B.class", string(withMain)}))
	f.Add(jar(f, entry{"../x", ""}))
	f.Add(crowd(3, 3))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, content []byte) {
		why, err := harm(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatalf("a file in memory cannot fail: %v", err)
		}
		if why != "" {
			return
		}
		z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatalf("accepted, but unreadable: %v", err)
		}
		for _, e := range z.File {
			if clean := filepath.ToSlash(filepath.Clean(e.Name)); clean == ".." || strings.HasPrefix(clean, "../") || filepath.IsAbs(clean) {
				t.Fatalf("accepted with an entry %q", e.Name)
			}
		}
	})
}
