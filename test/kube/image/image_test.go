package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnImageIsWrittenWithItsFilesTwiceTheSame(t *testing.T) {
	folder := t.TempDir()
	for name, mode := range map[string]os.FileMode{"program": 0o755, "text": 0o444, "skipped": 0o644} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("text", filepath.Join(folder, "followed")); err != nil {
		t.Fatal(err)
	}
	layer := Layer{Owner: 9999, Files: map[string]File{"/bin/sh": {Link: "busybox"}}}
	if err := layer.AddTree("/opt", folder, "skipped"); err != nil {
		t.Fatal(err)
	}
	image := Image{Name: "drey.test/some:1", User: "9999", Layers: []Layer{layer}}
	first, second := filepath.Join(t.TempDir(), "first.tar"), filepath.Join(t.TempDir(), "second.tar")
	for _, path := range []string{first, second} {
		if err := image.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	text, again := read(t, first), read(t, second)
	if !bytes.Equal(text, again) {
		t.Error("the same image was written in two ways")
	}

	blobs := contents(t, text)
	var i index
	decode(t, blobs["index.json"], &i)
	var m manifest
	decode(t, blobs[blobPath(i.Manifests[0])], &m)
	if name := i.Manifests[0].Annotations["io.containerd.image.name"]; name != image.Name {
		t.Errorf("the image is named %q, want %q", name, image.Name)
	}
	want := map[string]string{"bin/sh": "", "opt/": "", "opt/program": "program", "opt/text": "text", "opt/followed": "text"}
	got := map[string]string{}
	for name, text := range contents(t, blobs[blobPath(m.Layers[0])]) {
		got[name] = string(text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files of the layer (-want +got):\n%s", diff)
	}
}

func TestAnImageOfAFileThatIsMissingIsNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image.tar")
	image := Image{Layers: []Layer{{Files: map[string]File{"/absent": {Source: filepath.Join(t.TempDir(), "absent")}}}}}
	if err := image.Write(path); err == nil {
		t.Error("got no error")
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("an image was left: %v", err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func contents(t *testing.T, text []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for in := tar.NewReader(bytes.NewReader(text)); ; {
		header, err := in.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
