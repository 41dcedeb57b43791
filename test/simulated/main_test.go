package simulated

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// found is what `make failpoints` and `make postgres` leave in docs/evidence.
var found = evidence{Suite: "failpoints", Database: os.Getenv("DREY_TEST_DATABASE"), Points: map[string]string{}, Unreachable: map[string]string{}}

type evidence struct {
	Suite       string            `json:"suite"`
	Database    string            `json:"database,omitempty"` // absent: SQLite
	Commit      string            `json:"commit"`
	At          time.Time         `json:"at"`
	Seconds     float64           `json:"seconds"`
	Passed      bool              `json:"passed"`
	Kills       int               `json:"kills"`
	Points      map[string]string `json:"points"` // how the operation ended whose server was killed there
	Unreachable map[string]string `json:"unreachable"`
	Random      randomKills       `json:"random"`
}

type randomKills struct {
	Seed     uint64         `json:"seed"`
	Seconds  int            `json:"seconds"`
	Kills    int            `json:"kills"`
	Runs     int            `json:"runs"`
	Outcomes map[string]int `json:"outcomes"` // of the newest operations
}

func TestMain(m *testing.M) {
	found.At = time.Now().UTC().Truncate(time.Second)
	code := m.Run()
	found.Passed, found.Seconds = code == 0, time.Since(found.At).Round(time.Second).Seconds()
	if file := os.Getenv("DREY_EVIDENCE"); file != "" {
		if err := found.write(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func (e evidence) write(file string) error {
	commit, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return fmt.Errorf("cannot tell the commit: %w", err)
	}
	e.Commit = strings.TrimSpace(string(commit))
	raw, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(raw, '\n'), 0o644)
}
