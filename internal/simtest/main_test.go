package simtest

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

var evidence = flag.String("evidence", "", "the file that tells what was simulated")

// enough schedules, with the trials of every kind, to ask which cells of the table nothing met: some are met once in thousands only.
const enough = 1000

var began = time.Now()

// TestMain looks, after all tests, at what they met together.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // a simulation is short-lived garbage, and memory is not what it is short of
	code := m.Run()
	if total.Schedules >= enough && total.Operations != nil {
		if missing := total.missing(); len(missing) > 0 {
			fmt.Println("cells of the table that nothing met:", missing)
		}
	}
	if *evidence != "" {
		if err := tell(code); err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	os.Exit(code)
}

// tell writes the evidence of this run.
func tell(code int) error {
	commit, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return fmt.Errorf("cannot tell the commit: %w", err)
	}
	raw, err := json.MarshalIndent(map[string]any{
		"suite": "simulation", "date": time.Now().UTC().Format(time.DateOnly), "commit": strings.TrimSpace(string(commit)), "seed": *first, "seconds": int(time.Since(began).Seconds()),
		"schedules": total.Schedules, "calls": total.Calls, "accepted": total.Accepted, "refused": total.Refused, "faults": total.Faults,
		"kills": total.Kills, "servers": total.Servers, "violations": total.Violations, "passed": code == 0, "operations": total.Operations,
		"met": total.Met,
	}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(*evidence, append(raw, '\n'), 0o644)
}
