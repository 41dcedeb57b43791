package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	t.Parallel()
	m, container := mounted(t)
	put(t, m, account+"/a/c/d", "x")
	if err := os.Symlink("b.txt", filepath.Join(container, "a", "z")); err != nil {
		t.Fatal(err)
	}
	got, err := m.List(t.Context(), uri(t, account+"/a/"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if got[i].Dir || got[i].Name == "z" {
			got[i].Bytes = 0 // as the file system has it
		}
	}
	if diff := cmp.Diff([]Entry{{Name: "b.txt", Bytes: 5}, {Name: "c", Dir: true}, {Name: "z"}}, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if got, err := m.List(t.Context(), uri(t, account)); err != nil || len(got) != 1 || got[0].Name != "a" {
		t.Errorf("the container: got %v, %v", got, err)
	}
	for _, at := range []string{account + "/nothing", account + "/a/b.txt", "abfs://other@teststorage.dfs.core.windows.net"} {
		if got, err := m.List(t.Context(), uri(t, at)); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: got %v, %v, want ErrNotFound", at, got, err)
		}
	}
}

func TestRemoveAll(t *testing.T) {
	t.Parallel()
	m, container := mounted(t)
	outside := t.TempDir()
	keep := filepath.Join(outside, "keep")
	if err := os.WriteFile(keep, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, m, account+"/id/jars/x.jar", "x")
	put(t, m, account+"/id/savepoints/s/_metadata", "x")
	for link, target := range map[string]string{"id/jars/out": outside, "id/jars/a": "../../a", "linked": "a"} {
		if err := os.Symlink(target, filepath.Join(container, link)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time nothing is there
		if err := m.RemoveAll(t.Context(), uri(t, account+"/id/jars")); err != nil {
			t.Errorf("got %v", err)
		}
	}
	for _, at := range []string{account, account + "/", account + "/linked/b.txt"} {
		if err := m.RemoveAll(t.Context(), uri(t, at)); err == nil {
			t.Errorf("%s was removed", at)
		}
	}
	for _, path := range []string{keep, filepath.Join(container, "a", "b.txt"), filepath.Join(container, "id", "savepoints", "s", "_metadata")} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s is gone: %v", filepath.Base(path), err)
		}
	}
	if _, err := os.Lstat(filepath.Join(container, "id", "jars")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the jars are there: %v", err)
	}
}

func TestSizeOf(t *testing.T) {
	t.Parallel()
	m, container := mounted(t)
	put(t, m, account+"/s/_metadata", "12345")
	put(t, m, account+"/s/x/y", "123")
	if err := os.Symlink("_metadata", filepath.Join(container, "s", "link")); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]int64{account + "/s": 8, account + "/s/x/y": 3, account + "/none": 0, account: 13,
		"abfs://other@teststorage.dfs.core.windows.net/s": 0} {
		if got, err := m.SizeOf(t.Context(), uri(t, at)); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", at, got, err, want)
		}
	}
}

func TestCompleteSnapshots(t *testing.T) {
	t.Parallel()
	m, _ := mounted(t)
	put(t, m, account+"/d/savepoint-1/_metadata", "x")
	put(t, m, account+"/d/savepoint-1/state", "x")
	put(t, m, account+"/d/savepoint-2/state", "x") // not finished
	put(t, m, account+"/d/file", "x")
	names := func(at string) string {
		found, err := m.CompleteSnapshots(t.Context(), uri(t, at))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		for _, u := range found {
			fmt.Fprint(&b, u.Rel(), " ")
		}
		return b.String()
	}
	for at, want := range map[string]string{account + "/d": "d/savepoint-1 ", account + "/d/savepoint-1": "d/savepoint-1 ", account + "/d/savepoint-2": "", account + "/none": ""} {
		if got := names(at); got != want {
			t.Errorf("%s: got %q, want %q", at, got, want)
		}
	}
	data, err := m.ReadMetadata(t.Context(), uri(t, account+"/d/savepoint-1"))
	if err != nil || string(data) != "x" {
		t.Errorf("got %q, %v", data, err)
	}
	if _, err := m.ReadMetadata(t.Context(), uri(t, account+"/d/savepoint-2")); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}
