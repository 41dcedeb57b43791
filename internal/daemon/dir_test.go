package daemon

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestNamesAreMadeOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := loadNames(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := loadNames(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second start has other names:\n%s", diff)
	}
	other, err := loadNames(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if other.ClientSecret == first.ClientSecret || other.TenantID == first.TenantID || len(first.ClientSecret) < 43 {
		t.Errorf("two data directories share names: %+v and %+v", first, other)
	}
	info, err := os.Stat(filepath.Join(dir, "secret.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("secret.json has mode %o, want 600", got)
	}
}

func TestADamagedSecretIsNeverReplaced(t *testing.T) {
	t.Parallel()
	for why, text := range map[string]string{"cut short": `{"tenantId": "`, "a name missing": `{"tenantId": "x"}`} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "secret.json")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := loadNames(dir); err == nil {
				t.Error("got names, want an error")
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != text {
				t.Errorf("secret.json became %q (%v)", got, err)
			}
		})
	}
}

func TestTheConnectionIsFoundFromFoldersBelow(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	data, below := filepath.Join(root, ".drey"), filepath.Join(root, "a", "b")
	for _, dir := range []string{data, below} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	want := Connection{Endpoint: "https://127.0.0.1:8443", CAFile: CAFile(data), ClientID: "c", ClientSecret: "s", Pool: "local"}
	remove, err := publish(data, want)
	if err != nil {
		t.Fatal(err)
	}
	file, err := FindConnection(below)
	if err != nil || file != filepath.Join(data, ConnectionFile) {
		t.Fatalf("found %q (%v), want the file in %s", file, err, data)
	}
	got, err := ReadConnection(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read another connection than was written (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("connection.json: mode %v (%v), want 600", info.Mode().Perm(), err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if file, err := FindConnection(below); file != "" || err != nil {
		t.Errorf("after its end: found %q (%v), want nothing", file, err)
	}
}

func TestAConnectionThatIsNotHTTPSIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ConnectionFile)
	if err := writeJSON(file, Connection{Endpoint: "http://127.0.0.1:8443"}); err != nil {
		t.Fatal(err)
	}
	if c, err := ReadConnection(file); err == nil {
		t.Errorf("got %+v, want an error: a token would go in clear", c)
	}
}

func TestOneLockPerDataDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = TakeLock(dir)
	var taken *LockedError
	if !errors.As(err, &taken) || taken.Owner.PID != os.Getpid() || taken.Dir != dir {
		t.Errorf("second lock: got %v, want a LockedError that names pid %d and the folder", err, os.Getpid())
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := TakeLock(dir)
	if err != nil {
		t.Fatalf("after its release: %v", err)
	}
	again.Release()
}

func TestALockNamesNobodyWhoIsNoMore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	text, err := json.Marshal(Owner{PID: os.Getpid(), StartTime: "1"}) // our pid, of a process that ended before we began
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, lockFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = TakeLock(dir)
	var taken *LockedError
	if !errors.As(err, &taken) || taken.Owner.PID != 0 {
		t.Errorf("got %v, want a LockedError without a pid", err)
	}
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inside := fstest.MapFS{"embedded/drey-keep": {Data: []byte("keeper 1")}, "embedded/drey-flink.jar": {Data: []byte("jar")}}
	first, jar, err := unpack(dir, inside)
	if err != nil {
		t.Fatal(err)
	}
	for file, mode := range map[string]os.FileMode{first.Path: 0o700, jar.Path: 0o600} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v (%v), want mode %o", filepath.Base(file), info, err, mode)
		}
	}
	if err := os.WriteFile(first.Path, []byte("damaged"), 0o700); err != nil {
		t.Fatal(err)
	}
	if again, _, err := unpack(dir, inside); err != nil || again != first {
		t.Errorf("second time: %+v (%v), want %+v", again, err, first)
	}
	if text, err := os.ReadFile(first.Path); err != nil || string(text) != "keeper 1" {
		t.Errorf("a damaged file stayed: %q (%v)", text, err)
	}
	inside["embedded/drey-keep"] = &fstest.MapFile{Data: []byte("keeper 2")}
	second, _, err := unpack(dir, inside)
	if err != nil || second.Path == first.Path {
		t.Errorf("another keeper got the path of the first (%v)", err)
	}
	if _, err := os.Stat(first.Path); err != nil {
		t.Errorf("the first keeper, from which processes may run, is gone: %v", err)
	}
	if _, _, err := unpack(t.TempDir(), fstest.MapFS{}); !errors.Is(err, ErrBare) {
		t.Errorf("a bare binary: got %v, want ErrBare", err)
	}
}
