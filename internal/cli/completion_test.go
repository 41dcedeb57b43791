package cli

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestCompletionNamesWhatThereIs(t *testing.T) {
	for line, want := range map[string]string{
		"cluster show ":                "orders\tRunning\n:4\n",
		"cluster delete ":              "orders\tRunning\n:4\n",
		"cluster create ":              ":4\n",
		"cluster show orders ":         ":4\n",
		"cluster version show orders ": "3\tfrozen, wanted\n2\tfrozen, running\n1\tfailed\n:4\n",
		"savepoint show orders ":       "savepoint-1a2b3c-4d5e6f7a8b9c\tstop\n:4\n",
		"operation show ":              "7c1f20aa\tjob.stop Failed\n:4\n",
		"pool show ":                   "analytics\tlocal\nlocal\tlocal\n:4\n",
		"cluster list -p ":             "analytics\tlocal\nlocal\tlocal\n:4\n",
		"cluster list -o ":             strings.Join(outputs, "\n") + "\n:4\n",
		"context use ":                 "dev\nprod\n:4\n",
		"config get ":                  "subscription\ngroup\npool\ncluster\noutput\ntime\ncolor\n:4\n",
		"completion ":                  "bash\nfish\npowershell\nzsh\n:4\n",
	} {
		keeping(t, "contexts: {dev: {pool: local}, prod: {pool: local}}\n")
		f := newFake(t)
		out, _, code := f.run(t, "good", append([]string{"__complete"}, strings.Split(line, " ")...)...)
		if code != exitOK || out != want {
			t.Errorf("%q: exit code %d, got %q, want %q", line, code, out, want)
		}
		f.Close()
	}
}

func TestCompletionIsSilentWhereThereIsNoServer(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	f := newFake(t)
	a := f.app(t, dir)
	a.out, a.err = &out, &errs
	file := f.connectionIn(t, dir)
	f.Close()
	code := a.run(t.Context(), []string{"__completeNoDesc", "--connection", file, "cluster", "show", ""})
	if code != exitOK || out.String() != ":4\n" || regexp.MustCompile(`reachable|refused`).MatchString(errs.String()) {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
}

func TestEachShellGetsItsScript(t *testing.T) {
	for _, shell := range sortedKeys(shells) {
		if out, stderr, code := runIn(t, t.TempDir(), "completion", shell); code != exitOK || !strings.Contains(out, "drey") {
			t.Errorf("%s: exit code %d, %d bytes, %s", shell, code, len(out), stderr)
		}
	}
	if _, stderr, code := runIn(t, t.TempDir(), "completion", "csh"); code != exitUsage || !strings.Contains(stderr, "bash, fish, powershell, zsh") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
