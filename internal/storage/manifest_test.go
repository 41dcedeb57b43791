package storage

import (
	"archive/zip"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"drey/internal/cluster"
)

// A manifest that is damaged is the jar's fault for good: said once, not tried again until a deadline.
func TestADamagedManifestIsTheJarsFault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "job.jar")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	text := []byte("Main-Class: a.B\n")
	w, err := z.CreateRaw(&zip.FileHeader{Name: "META-INF/MANIFEST.MF", Method: zip.Store, CRC32: crc32.ChecksumIEEE(text) + 1,
		CompressedSize64: uint64(len(text)), UncompressedSize64: uint64(len(text))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = EntryClass(file, "")
	if e := cluster.AsError(err); e == nil || e.Code != "InvalidJar" || e.Kind != cluster.Invalid {
		t.Errorf("got %v, want InvalidJar", err)
	}
}
