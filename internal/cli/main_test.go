package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain takes from the environment what a user of this machine would have set.
func TestMain(m *testing.M) {
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "DREY_") && name != "DREY_DISTRIBUTIONS" || name == "NO_COLOR" || name == "CLICOLOR_FORCE" {
			_ = os.Unsetenv(name)
		}
	}
	_ = os.Setenv("DREY_CONFIG", filepath.Join(os.TempDir(), "drey-no-settings", "config.yaml"))
	os.Exit(m.Run())
}

// noon is the clock of tests that show times.
func noon() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// noPause looks again at once.
func noPause(ctx context.Context, _ time.Duration) error { return ctx.Err() }
