package storage

import (
	"errors"
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
