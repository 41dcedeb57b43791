package local

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAProcessIsFoundWhileItStartsAProgram(t *testing.T) {
	r := open(t, newConfig(t))
	script := filepath.Join(t.TempDir(), "again")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec \"$0\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	startShell(t, r, "echo up; exec "+script)
	for i := range 500 {
		if found := markedNow(t, r); len(found) != 1 {
			t.Fatalf("look %d found %v", i, found)
		}
	}
}
