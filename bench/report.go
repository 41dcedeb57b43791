package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

const reportHead = `# Benchmarks

Each part is written by the command it names, with its references in the same run. Ratios decide; times are of that machine on that day.
`

// text is a report in the making.
type text struct{ strings.Builder }

func (t *text) say(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

// writePart puts a part into the report, in the place of the one before, and leaves the others as they are.
func writePart(file, name, part string) error {
	old, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	mark := func(name string) string { return "\n<!-- " + name + " -->\n" }
	_, rest, found := strings.Cut(string(old), mark(name))
	before := string(old)
	if found {
		before = strings.TrimSuffix(before, mark(name)+rest)
	}
	_, after, found := strings.Cut(rest, "\n<!-- ")
	if found {
		after = "\n<!-- " + after
	}
	if before == "" {
		before = reportHead
	}
	return os.WriteFile(file, []byte(before+mark(name)+strings.TrimSpace(part)+"\n"+after), 0o644)
}

// setting says what was measured on what, for the head of a part.
func setting(command string) string {
	return fmt.Sprintf("Written by `%s` on %s: %d cores, Flink %s, %s", command, time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(),
		os.Getenv("DREY_TEST_FLINK"), javaVersion())
}

func javaVersion() string {
	out, err := exec.Command("java", "-version").CombinedOutput()
	if err != nil {
		return "an unknown Java"
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return first
}

// load is the load average of the last minute.
func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	first, _, _ := strings.Cut(string(raw), " ")
	return first
}
