package identity

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestTheKeyIsMadeOnceAndForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "key.pem")
	issuers := make([]*Issuer, 3)
	var all sync.WaitGroup
	for n := range issuers { // servers that start at once end with one key
		all.Go(func() {
			i, err := NewIssuer(Config{KeyFile: file, Tenant: tenant})
			if err != nil {
				t.Error(err)
				return
			}
			issuers[n] = i
		})
	}
	all.Wait()
	for _, i := range issuers {
		if i == nil || i.public.KeyID != issuers[0].public.KeyID {
			t.Fatal("they have different keys")
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestAKeyThatCannotBeTrustedIsRefused(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"others can read it":   {"", 0o640, "can be read by others"},
		"it is no PEM":         {"x", 0o600, "no PEM"},
		"it is no private key": {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0o600, "cannot parse"},
	} {
		file := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(file, []byte(tt.text), tt.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, tt.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := NewIssuer(Config{KeyFile: file, Tenant: tenant}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v", why, err)
		}
	}
}
