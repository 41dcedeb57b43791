package storage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/secret"
	"drey/test/s3"
)

const bucketURI = "s3://flink"

// service is S3 as the tests reach it.
func service(server *s3.Server, buckets ...string) S3 {
	return S3{Buckets: buckets, Endpoint: server.URL, PathStyle: true, AccessKey: s3.AccessKey, SecretKey: secret.New(s3.SecretKey)}
}

// inBucket gives mounts with one file, s3://flink/a/b.txt.
func inBucket(t testing.TB) *Mounts {
	t.Helper()
	m, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Mount(t.Context(), service(s3.Start(t, nil, "flink"), "flink"), filepath.Join(t.TempDir(), "copies")); err != nil {
		t.Fatal(err)
	}
	put(t, m, bucketURI+"/a/b.txt", "hello")
	return m
}

// What is the same wherever files lie: everything else in this package is told apart by none of its callers.
func TestPlacesAreAlike(t *testing.T) {
	t.Parallel()
	for place, begin := range map[string]struct {
		root string
		make func(testing.TB) *Mounts
	}{
		"folders": {account, func(t testing.TB) *Mounts { m, _ := mounted(t); return m }},
		"S3":      {bucketURI, inBucket},
	} {
		for why, check := range alike {
			t.Run(place+": "+why, func(t *testing.T) {
				t.Parallel()
				check(t, begin.make(t), begin.root)
			})
		}
	}
}

var alike = map[string]func(t *testing.T, m *Mounts, root string){
	"what was put is read, by every way to write its name": func(t *testing.T, m *Mounts, root string) {
		sha, n, err := m.Put(t.Context(), uri(t, root+"/a/b.txt"), strings.NewReader("world"), 5)
		if err != nil || n != 5 || sha != "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7" {
			t.Fatalf("got %s, %d, %v", sha, n, err)
		}
		put(t, m, root+"/x y/ä/", "blanks")
		if got := read(t, m, root+"//a/b.txt") + read(t, m, root+"/x%20y/%C3%A4"); got != "worldblanks" {
			t.Errorf("got %q", got)
		}
		if n, err := m.Stat(t.Context(), uri(t, root+"/a/b.txt")); n != 5 || err != nil {
			t.Errorf("Stat: got %d, %v", n, err)
		}
	},
	"a file of several parts": func(t *testing.T, m *Mounts, root string) {
		content := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB
		if _, _, err := m.Put(t.Context(), uri(t, root+"/large"), bytes.NewReader(content), int64(len(content))); err != nil {
			t.Fatal(err)
		}
		if got, err := m.Read(t.Context(), uri(t, root+"/large"), 1<<30); err != nil || !bytes.Equal(got, content) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	},
	"what is not there": func(t *testing.T, m *Mounts, root string) {
		for _, at := range []string{root, root + "/", root + "/a", root + "/a/", root + "/a/c.txt", root + "/a/b.txt/c", root + "/b.txt"} {
			if _, _, err := m.Open(t.Context(), uri(t, at)); !errors.Is(err, ErrNotFound) {
				t.Errorf("Open %s: got %v", at, err)
			}
			if _, err := m.Stat(t.Context(), uri(t, at)); !errors.Is(err, ErrNotFound) {
				t.Errorf("Stat %s: got %v", at, err)
			}
			if there, err := m.Exists(t.Context(), uri(t, at)); there || err != nil {
				t.Errorf("Exists %s: got %t, %v", at, there, err)
			}
		}
		for _, at := range []string{root + "/nothing", root + "/a/b.txt", root + "/a/b"} {
			if got, err := m.List(t.Context(), uri(t, at)); !errors.Is(err, ErrNotFound) {
				t.Errorf("List %s: got %v, %v", at, got, err)
			}
		}
	},
	"a failed put leaves what was there": func(t *testing.T, m *Mounts, root string) {
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		broken := errors.New("the caller went away")
		for why, tt := range map[string]struct {
			ctx  context.Context
			body io.Reader
			want error
		}{
			"too large":       {t.Context(), strings.NewReader("123456"), ErrTooLarge},
			"endless":         {t.Context(), zeros{}, ErrTooLarge},
			"canceled":        {canceled, strings.NewReader("1"), context.Canceled},
			"a broken upload": {t.Context(), io.MultiReader(strings.NewReader("12"), iotest.ErrReader(broken)), broken},
		} {
			if _, _, err := m.Put(tt.ctx, uri(t, root+"/a/b.txt"), tt.body, 5); !errors.Is(err, tt.want) {
				t.Errorf("%s: got %v, want %v", why, err, tt.want)
			}
		}
		entries, err := m.List(t.Context(), uri(t, root+"/a"))
		if got := read(t, m, root+"/a/b.txt"); got != "hello" || err != nil || len(entries) != 1 {
			t.Errorf("left is %q in %v, %v", got, entries, err)
		}
	},
	"reading is limited": func(t *testing.T, m *Mounts, root string) {
		if _, err := m.Read(t.Context(), uri(t, root+"/a/b.txt"), 4); !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
	},
	"a list is by name, with files and folders": func(t *testing.T, m *Mounts, root string) {
		for _, name := range []string{"c/d", "c-1", "c.txt", "B", "c/e/f"} {
			put(t, m, root+"/a/"+name, "x")
		}
		got, err := m.List(t.Context(), uri(t, root+"/a/"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i].Dir {
				got[i].Bytes = 0 // as the file system has it
			}
		}
		want := []Entry{{Name: "B", Bytes: 1}, {Name: "b.txt", Bytes: 5}, {Name: "c", Dir: true}, {Name: "c-1", Bytes: 1}, {Name: "c.txt", Bytes: 1}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		if got, err := m.List(t.Context(), uri(t, root)); err != nil || len(got) != 1 || got[0].Name != "a" || !got[0].Dir {
			t.Errorf("all: got %v, %v", got, err)
		}
	},
	"a folder is removed with all in it, and nothing beside it": func(t *testing.T, m *Mounts, root string) {
		for _, name := range []string{"id/jars/x.jar", "id/jars/y/z", "id/jars-2", "id/savepoints/s/_metadata"} {
			put(t, m, root+"/"+name, "x")
		}
		for range 2 { // the second time nothing is there
			if err := m.RemoveAll(t.Context(), uri(t, root+"/id/jars")); err != nil {
				t.Errorf("got %v", err)
			}
		}
		if err := m.RemoveAll(t.Context(), uri(t, root+"/a/b.txt")); err != nil {
			t.Errorf("a file: got %v", err)
		}
		for _, at := range []string{root, root + "/"} {
			if err := m.RemoveAll(t.Context(), uri(t, at)); err == nil {
				t.Errorf("%s was removed", at)
			}
		}
		for name, want := range map[string]bool{"a/b.txt": false, "id/jars/x.jar": false, "id/jars/y/z": false, "id/jars-2": true, "id/savepoints/s/_metadata": true} {
			if there, err := m.Exists(t.Context(), uri(t, root+"/"+name)); there != want || err != nil {
				t.Errorf("%s: there is %t, %v", name, there, err)
			}
		}
		if got, err := m.List(t.Context(), uri(t, root+"/id/jars")); !errors.Is(err, ErrNotFound) {
			t.Errorf("the folder: got %v, %v", got, err)
		}
	},
	"a staged jar is frozen by its content, and is a file of this machine": func(t *testing.T, m *Mounts, root string) {
		content := jar(t, manifest("Main-Class: a.B"), entry{"a/B.class", string(withMain)})
		put(t, m, root+"/appmode/job.jar", string(content))
		folder := uri(t, root+"/id/jars")
		first, err := m.StageJar(t.Context(), uri(t, root+"/appmode/job.jar"), folder)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := m.StageJar(t.Context(), uri(t, root+"/appmode/job.jar"), folder); err != nil || again != first {
			t.Errorf("again: got %+v, %v", again, err)
		}
		put(t, m, root+"/appmode/job.jar", string(jar(t, entry{"other", ""})))
		if entries, err := m.List(t.Context(), folder); err != nil || len(entries) != 1 || entries[0].Name != first.SHA256+".jar" {
			t.Errorf("the folder has %v, %v", entries, err)
		}
		at := folder.Join(first.SHA256 + ".jar")
		if read(t, m, at.String()) != string(content) {
			t.Error("the frozen jar is another")
		}
		file, err := m.Local(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, content) {
			t.Errorf("on this machine: %d bytes, %v", len(got), err)
		}
	},
	"a jar that is none is not kept": func(t *testing.T, m *Mounts, root string) {
		put(t, m, root+"/text.jar", "this is no jar")
		for at, code := range map[string]string{root + "/text.jar": "InvalidJar", root + "/none.jar": "JarNotFound", root + "/a": "JarNotFound"} {
			_, err := m.StageJar(t.Context(), uri(t, at), uri(t, root+"/id/jars"))
			if e := cluster.AsError(err); e == nil || e.Code != code || e.Kind != cluster.Invalid {
				t.Errorf("%s: got %v, want %s", at, err, code)
			}
		}
		if got, err := m.List(t.Context(), uri(t, root+"/id/jars")); len(got) > 0 {
			t.Errorf("kept is %v, %v", got, err)
		}
	},
	"snapshots are complete with their metadata": func(t *testing.T, m *Mounts, root string) {
		for _, name := range []string{"savepoint-1/_metadata", "savepoint-1/state", "savepoint-2/state", "file"} {
			put(t, m, root+"/d/"+name, "x")
		}
		for at, want := range map[string]string{"/d": "d/savepoint-1", "/d/savepoint-1": "d/savepoint-1", "/d/savepoint-2": "", "/none": ""} {
			found, err := m.CompleteSnapshots(t.Context(), uri(t, root+at))
			got := ""
			for _, u := range found {
				got += u.Rel()
			}
			if err != nil || got != want {
				t.Errorf("%s: got %q, %v, want %q", at, got, err, want)
			}
		}
		if _, err := m.ReadMetadata(t.Context(), uri(t, root+"/d/savepoint-2")); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	},
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
