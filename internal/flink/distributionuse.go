package flink

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// userOf names a running process of a job whose FLINK_HOME is this folder, or "". Every process of an incarnation has it in its
// environment, whichever data directory it belongs to and whether a server runs or not.
func userOf(home string) (string, error) {
	folder, err := os.Stat(home)
	if err != nil {
		return "", fmt.Errorf("cannot look at the distribution: %w", err)
	}
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return "", err
	}
	for _, path := range environments {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended, or is another user's and so none of ours
		}
		role, runsFrom := "", ""
		for variable := range bytes.SplitSeq(text, []byte{0}) {
			switch name, value, _ := strings.Cut(string(variable), "="); name {
			case "DREY_INCARNATION":
				role = value
			case "FLINK_HOME":
				runsFrom = value
			}
		}
		if role == "" || runsFrom == "" {
			continue
		}
		if other, err := os.Stat(runsFrom); err == nil && os.SameFile(folder, other) {
			return fmt.Sprintf("process %s of incarnation %s", filepath.Base(filepath.Dir(path)), role), nil
		}
	}
	return "", nil
}
