package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"drey/internal/daemon"
)

func TestDeletingAGroupTellsWhatIsInItAndAsks(t *testing.T) {
	f := newFake(t)
	f.stdin = "n\n"
	dir := t.TempDir()
	var errs bytes.Buffer
	a := f.app(t, dir)
	a.err, a.inTTY, a.errTTY = &errs, true, true
	code := a.run(t.Context(), []string{"--connection", f.connectionIn(t, dir), "group", "delete", "analytics"})
	if want := `Delete resource group "analytics" with 1 pool and 1 cluster (local/orders)?`; code == exitOK || !strings.Contains(errs.String(), want) {
		t.Errorf("exit code %d, want %q in %s", code, want, errs.String())
	}
	for _, asked := range f.seen {
		if strings.HasPrefix(asked, "DELETE") {
			t.Errorf("it was not wanted, and done: %s", asked)
		}
	}
}

func TestAPoolIsMadeWhereNoneIsInUse(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	file := f.connectionIn(t, dir)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c daemon.Connection
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	c.Pool = ""
	if text, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	a := f.app(t, dir)
	a.out, a.err = &out, &errs
	code := a.run(t.Context(), []string{"--connection", file, "pool", "create", "analytics"})
	if code != exitOK || !strings.HasPrefix(out.String(), "analytics · Running\n") || !strings.Contains(errs.String(), "`drey config set pool analytics` makes it this one") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, out.String(), errs.String())
	}
}
