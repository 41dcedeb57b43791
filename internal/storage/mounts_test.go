package storage

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"drey/internal/cluster"
)

const account = "abfs://flink@teststorage.dfs.core.windows.net"

func uri(t testing.TB, s string) cluster.StorageURI {
	t.Helper()
	u, err := cluster.ParseURI(s, cluster.StorageURI{})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// mounted gives mounts with one file, <account>/a/b.txt, and the folder of its container.
func mounted(t testing.TB) (*Mounts, string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "storage")
	m, err := New(root)
	if err != nil {
		t.Fatal(err)
	}
	put(t, m, account+"/a/b.txt", "hello")
	return m, filepath.Join(root, "teststorage", "flink")
}

func put(t testing.TB, m *Mounts, at, content string) {
	t.Helper()
	if _, _, err := m.Put(t.Context(), uri(t, at), strings.NewReader(content), 1<<20); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, m *Mounts, at string) string {
	t.Helper()
	data, err := m.Read(t.Context(), uri(t, at), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWhatWasPutIsRead(t *testing.T) {
	t.Parallel()
	m, container := mounted(t)
	sum := sha256.Sum256([]byte("world"))
	sha, n, err := m.Put(t.Context(), uri(t, account+"/a/b.txt"), strings.NewReader("world"), 5)
	if err != nil || n != 5 || sha != hex.EncodeToString(sum[:]) {
		t.Fatalf("got %s, %d, %v", sha, n, err)
	}
	if got := read(t, m, "wasbs://flink@teststorage.blob.core.windows.net/a/b.txt"); got != "world" {
		t.Errorf("by another name of the account: got %q", got)
	}
	if n, err := m.Stat(t.Context(), uri(t, account+"/a/b.txt")); n != 5 || err != nil {
		t.Errorf("Stat: got %d, %v", n, err)
	}
	info, err := os.Stat(filepath.Join(container, "a", "b.txt"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v", info.Mode(), err)
	}
	path, err := m.Local(t.Context(), uri(t, account+"/a/b.txt"))
	if err != nil || path != filepath.Join(container, "a", "b.txt") {
		t.Errorf("Local: got %q, %v", path, err)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	m, _ := mounted(t)
	ctx := t.Context()
	for why, tt := range map[string]struct {
		at   string
		want error
	}{
		"a file":                  {account + "/a/c.txt", ErrNotFound},
		"a file below a file":     {account + "/a/b.txt/c", ErrNotFound},
		"a folder":                {account + "/a", ErrNotFound},
		"the container itself":    {account, ErrNotFound},
		"a container":             {"abfs://other@teststorage.dfs.core.windows.net/a", ErrNotFound},
		"an account":              {"abfs://flink@other.dfs.core.windows.net/a", ErrNotFound},
		"no account: a bucket":    {"s3://flink/a/b.txt", ErrNotMounted},
		"no account: a file":      {"file:///etc/passwd", ErrNotMounted},
		"not as Flink writes it":  {"https://teststorage.blob.core.windows.net/flink/a/b.txt", ErrNotMounted},
		"a folder with a slash":   {account + "/a/", ErrNotFound},
		"what looks like a drive": {account + "/C:/x", ErrNotFound},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			at := uri(t, tt.at)
			if _, _, err := m.Open(ctx, at); !errors.Is(err, tt.want) {
				t.Errorf("Open: got %v, want %v", err, tt.want)
			}
			if _, err := m.Stat(ctx, at); !errors.Is(err, tt.want) {
				t.Errorf("Stat: got %v, want %v", err, tt.want)
			}
			there, err := m.Exists(ctx, at)
			if there || (err != nil) != (tt.want == ErrNotMounted) {
				t.Errorf("Exists: got %t, %v", there, err)
			}
		})
	}
}

func TestReadingMakesNoContainer(t *testing.T) {
	t.Parallel()
	m, container := mounted(t)
	at := uri(t, "abfs://other@second.dfs.core.windows.net/x")
	_, _ = m.Stat(t.Context(), at)
	_, _ = m.List(t.Context(), at)
	_ = m.RemoveAll(t.Context(), at)
	entries, err := os.ReadDir(filepath.Dir(filepath.Dir(container)))
	if err != nil || len(entries) != 1 {
		t.Errorf("got accounts %v, %v, want only teststorage", entries, err)
	}
}

func TestAFolderIsNotReplacedByAFile(t *testing.T) {
	t.Parallel()
	m, _ := mounted(t)
	for _, at := range []string{account, account + "/", account + "/a"} {
		if _, _, err := m.Put(t.Context(), uri(t, at), strings.NewReader("x"), 10); err == nil {
			t.Errorf("%s was written", at)
		}
	}
	if got := read(t, m, account+"/a/b.txt"); got != "hello" {
		t.Errorf("got %q", got)
	}
}

func TestAFullDiskHasAName(t *testing.T) {
	t.Parallel()
	for _, err := range []error{syscall.ENOSPC, syscall.EDQUOT, &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}} {
		if got := explain(uri(t, account), fmt.Errorf("cannot write: %w", err)); !errors.Is(got, ErrFull) {
			t.Errorf("%v: got %v, want ErrFull", err, got)
		}
	}
}
