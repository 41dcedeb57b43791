package storage

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A link that a job, or a person, put into a container must not lead us out of it.
func TestLinksDoNotLeadOut(t *testing.T) {
	t.Parallel()
	m, container := mounted(t)
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret.txt")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	sibling := filepath.Join(filepath.Dir(container), "sibling")
	for link, target := range map[string]string{
		"file": secret, "dir": outside, "up": "../..", "loop": "loop", "sibling": sibling, "absolute": "/etc/passwd",
	} {
		if err := os.Symlink(target, filepath.Join(container, link)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, m, "abfs://sibling@teststorage.dfs.core.windows.net/x", "other")
	ctx := t.Context()
	for _, name := range []string{"file", "dir/secret.txt", "up/teststorage/flink/a/b.txt", "loop", "sibling/x", "absolute"} {
		at := uri(t, account+"/"+name)
		if r, _, err := m.Open(ctx, at); !errors.Is(err, ErrNotFound) {
			t.Errorf("Open %s: got %v, %v, want ErrNotFound", name, r, err)
		}
		if n, err := m.Stat(ctx, at); !errors.Is(err, ErrNotFound) {
			t.Errorf("Stat %s: got %d, %v", name, n, err)
		}
	}
	for _, name := range []string{"dir/secret.txt", "up/teststorage/flink/a/b.txt", "sibling/x"} {
		_ = m.RemoveAll(ctx, uri(t, account+"/"+name)) // refused or not: it must remove nothing there
	}
	if got := read(t, m, account+"/a/b.txt") + read(t, m, "abfs://sibling@teststorage.dfs.core.windows.net/x"); got != "helloother" {
		t.Errorf("files behind links: got %q", got)
	}
	for _, name := range []string{"dir/new.txt", "up/new.txt", "sibling/new.txt", "loop/new.txt"} {
		if _, _, err := m.Put(ctx, uri(t, account+"/"+name), strings.NewReader("x"), 10); err == nil {
			t.Errorf("Put %s was done", name)
		}
	}
	for _, name := range []string{"dir", "up", "sibling"} {
		if got, err := m.List(ctx, uri(t, account+"/"+name)); !errors.Is(err, ErrNotFound) {
			t.Errorf("List %s: got %v, %v", name, got, err)
		}
	}
	entries, err := os.ReadDir(outside)
	if err != nil || len(entries) != 1 {
		t.Errorf("outside: got %v, %v", entries, err)
	}
	if data, err := os.ReadFile(secret); string(data) != "secret" || err != nil {
		t.Errorf("the secret: got %q, %v", data, err)
	}
}

func TestAContainerOrAccountThatIsALinkIsNone(t *testing.T) {
	t.Parallel()
	m, container := mounted(t)
	outside := t.TempDir()
	storage := filepath.Dir(filepath.Dir(container))
	for link, target := range map[string]string{"teststorage/linked": container, "linked": outside} {
		if err := os.Symlink(target, filepath.Join(storage, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []string{"abfs://linked@teststorage.dfs.core.windows.net/a/b.txt", "abfs://flink@linked.dfs.core.windows.net/x"} {
		if _, err := m.Stat(t.Context(), uri(t, at)); !errors.Is(err, ErrNotFound) {
			t.Errorf("Stat %s: got %v", at, err)
		}
		if _, _, err := m.Put(t.Context(), uri(t, at), strings.NewReader("x"), 10); err == nil {
			t.Errorf("Put %s was done", at)
		}
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Errorf("outside: got %v, %v", entries, err)
	}
}

func TestPutReplacesALinkInsteadOfFollowingIt(t *testing.T) {
	t.Parallel()
	m, container := mounted(t)
	secret := filepath.Join(t.TempDir(), "secret.txt")
	if err := errors.Join(os.WriteFile(secret, []byte("secret"), 0o600), os.Symlink(secret, filepath.Join(container, "link"))); err != nil {
		t.Fatal(err)
	}
	put(t, m, account+"/link", "mine")
	if data, err := os.ReadFile(secret); string(data) != "secret" || err != nil {
		t.Errorf("got %q, %v", data, err)
	}
	if got := read(t, m, account+"/link"); got != "mine" {
		t.Errorf("got %q", got)
	}
}

func TestAPipeHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	m, container := mounted(t)
	if err := syscall.Mkfifo(filepath.Join(container, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Open(t.Context(), uri(t, account+"/pipe")); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}
