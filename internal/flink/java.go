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

// installAnyJava is the way to a Java where no release is meant: to the newest line's.
var installAnyJava = installJava(lines[len(lines)-1].Java[0])

func installJava(major int) string {
	return fmt.Sprintf("install a JDK %d (Debian: apt-get install openjdk-%d-jdk-headless), or set JAVA_HOME to one", major, major)
}

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
		return Java{}, fmt.Errorf("java does not run (%w); %s", err, installAnyJava)
	}
	m := javaVersion.FindSubmatch(out)
	if m == nil {
		return Java{}, fmt.Errorf("java does not tell its version; %s", installAnyJava)
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
			return "", fmt.Errorf("no Java was found: there is no bin/java below %s; %s", from, installAnyJava)
		}
		return filepath.Abs(path)
	}
	path, err := exec.LookPath("java")
	if err != nil {
		return "", fmt.Errorf("no Java was found; %s", installAnyJava)
	}
	return filepath.Abs(path)
}

// JavasFor names the majors of Java that run a Flink version: "11, 17 or 21".
func JavasFor(version string) string { return numbers(lineOf(version).Java) }

// Runs says why a Java cannot run a Flink version, and after "; " what to install; or nil.
func (j Java) Runs(version string) error {
	line, err := LineOf(version)
	if err != nil {
		return err
	}
	fit := line.Java
	if slices.Contains(fit, j.Major) {
		return nil
	}
	return fmt.Errorf("wrong Java: this is Java %s, and Flink %s runs on Java %s; %s", j.Version, version, numbers(fit), installJava(fit[0]))
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
