package flink

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// flinkHome is the environment's FLINK_HOME if that is the release that is asked for, else "". What it is, is said.
func (i *installer) flinkHome() string {
	home := os.Getenv("FLINK_HOME")
	if home == "" {
		return ""
	}
	found, err := versionOf(home)
	switch {
	case err != nil:
		i.say("FLINK_HOME has no Flink release: it is not used")
	case found != i.Version:
		i.say("FLINK_HOME has Flink " + found + ": it is not used")
	default:
		i.say("copying Flink " + found + " from FLINK_HOME, " + home)
		return home
	}
	return ""
}

func (i *installer) say(text string) { i.Progress(Progress{Text: text}) }

// pip fetches the wheel of a release; pip checks its digest.
func (i *installer) pip(ctx context.Context) (string, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return "", fmt.Errorf("python3 was not found: pip fetches the release; install python3 and python3-pip, or use --from FILE or URL")
	}
	i.say("downloading apache-flink-libraries " + i.Version)
	dest := filepath.Join(i.tmp, "download")
	out, err := i.run(ctx, python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", dest, "apache-flink-libraries=="+i.Version)
	if err != nil {
		return "", fmt.Errorf("pip cannot fetch apache-flink-libraries %s: %s; use --from FILE or URL", i.Version, lastLine(out, err))
	}
	files, err := filepath.Glob(filepath.Join(dest, "*"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("pip left no package of apache-flink-libraries %s", i.Version)
	}
	return files[0], nil
}

// run runs a program in our temporary folder, so that what lies where the user stands changes nothing; it answers all that it said.
func (i *installer) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.WaitDelay = i.tmp, 5*time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func lastLine(out string, err error) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return err.Error()
}

// checkFile compares a file with the digests that it must have.
func (i *installer) checkFile(path string) error {
	for _, want := range []struct {
		name, sum string
		hash      hash.Hash
	}{{"SHA-256", i.SHA256, sha256.New()}, {"SHA-512", i.SHA512, sha512.New()}} {
		if want.sum == "" {
			continue
		}
		if raw, err := hex.DecodeString(want.sum); err != nil || len(raw) != want.hash.Size() {
			return fmt.Errorf("%q is no %s: that has %d hexadecimal digits", clip(want.sum, 140), want.name, 2*want.hash.Size())
		}
		got, err := hashFile(path, want.hash)
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", filepath.Base(path), err)
		}
		if !strings.EqualFold(got, want.sum) {
			return fmt.Errorf("%s has the %s %s, not %s: it is damaged, or not what you meant", filepath.Base(path), want.name, got, want.sum)
		}
	}
	return nil
}

func hashFile(path string, sum hash.Hash) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return "", errors.New("a folder has no digest")
	}
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
