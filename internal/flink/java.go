package flink

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Java is a Java found on this machine.
type Java struct {
	Path    string // of the executable
	Version string // as it says itself: "17.0.15"
	Major   int    // 17
	Build   string // all that it says of itself
}

// javaOf says which majors of Java run a Flink line; the first is the one to install.
var javaOf = []struct {
	major, minor int // lines from here on
	java         []int
}{
	{2, 3, []int{17, 21, 11, 25}}, // 25 was run with 2.3.0 (flink-measured.md 1)
	{2, 0, []int{17, 21, 11}},
	{1, 18, []int{17, 11}},
}

const installJava = "install a JDK 17 (Debian: apt-get install openjdk-17-jdk-headless), or set JAVA_HOME to one"

var javaVersion = regexp.MustCompile(`version "((\d+)[^"]*)"`)

// FindJava finds the java executable: below home if it is given, else below JAVA_HOME, else on the path; and asks its version.
func FindJava(ctx context.Context, home string) (Java, error) {
	path, err := javaPath(home)
	if err != nil {
		return Java{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "-version").CombinedOutput()
	if err != nil {
		return Java{}, fmt.Errorf("java does not run (%w); %s", err, installJava)
	}
	m := javaVersion.FindSubmatch(out)
	if m == nil {
		return Java{}, fmt.Errorf("java does not tell its version; %s", installJava)
	}
	major, err := strconv.Atoi(string(m[2]))
	if err != nil {
		return Java{}, err
	}
	return Java{Path: path, Version: string(m[1]), Major: major, Build: string(out)}, nil
}

func javaPath(home string) (string, error) {
	from := "the configured java.home"
	if home == "" {
		home, from = os.Getenv("JAVA_HOME"), "JAVA_HOME"
	}
	if home != "" {
		path := filepath.Join(home, "bin", "java")
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return "", fmt.Errorf("no Java was found: there is no bin/java below %s; %s", from, installJava)
		}
		return filepath.Abs(path)
	}
	path, err := exec.LookPath("java")
	if err != nil {
		return "", fmt.Errorf("no Java was found; %s", installJava)
	}
	return filepath.Abs(path)
}

// Runs says why a Java cannot run a Flink version, or nil.
func (j Java) Runs(version string) error {
	for _, row := range javaOf {
		if olderThan(version, row.major, row.minor) {
			continue
		}
		if slices.Contains(row.java, j.Major) {
			return nil
		}
		return fmt.Errorf("wrong Java: this is Java %s, and Flink %s runs on Java %s; %s", j.Version, version, numbers(row.java), installJava)
	}
	return nil
}

func numbers(all []int) string {
	sorted := slices.Sorted(slices.Values(all))
	s := ""
	for i, n := range sorted {
		switch {
		case i == 0:
		case i == len(sorted)-1:
			s += " or "
		default:
			s += ", "
		}
		s += strconv.Itoa(n)
	}
	return s
}
