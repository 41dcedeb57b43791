//go:build deep

package lines

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// suites are the tests that a line has to pass, unless RUN names others.
const suites = "TestAJobManagerWithoutAJob|TestARehearsedAndWarmGate|TestALife|TestAStartFrom|TestUpdatesOfAllKinds|TestAStateless|TestAnUpdateThat|" +
	"TestTheVersionBefore|TestAfterAnOwn|TestTheParallelism|TestARunningJob|TestACrashLoop|TestAHangingClose|TestALaunchThatFails|TestAnActionInTheHealthGate"

// evidence is what the deep suite leaves in docs/evidence.
type evidence struct {
	Suite   string             `json:"suite"`
	Commit  string             `json:"commit"`
	At      time.Time          `json:"at"`
	Minutes float64            `json:"minutes"`
	Run     string             `json:"run"`
	Lines   map[string]outcome `json:"lines"` // by version
}

// outcome is how one line came through.
type outcome struct {
	Passed  int      `json:"passed"` // tests, with their parts
	Failed  []string `json:"failed"`
	Minutes float64  `json:"minutes"`
	Gaps    []string `json:"gaps,omitempty"` // of warm updates, in seconds
}

// Each line by itself, with no other release in sight, so that nothing can run on another by mistake.
func TestEachLine(t *testing.T) {
	begin := time.Now()
	e := evidence{Suite: "lines", At: begin.UTC(), Run: os.Getenv("RUN"), Lines: map[string]outcome{}}
	if e.Run == "" {
		e.Run = suites
	}
	commit, err := exec.CommandContext(t.Context(), "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	e.Commit = strings.TrimSpace(string(commit))
	for _, version := range strings.Fields(env(t, "DREY_TEST_LINES")) {
		o := suite(t, version, e.Run)
		t.Logf("Flink %s: %d passed, failed %v, %.1f minutes", version, o.Passed, o.Failed, o.Minutes)
		if o.Passed == 0 || len(o.Failed) > 0 {
			t.Errorf("Flink %s does not hold", version)
		}
		e.Lines[version], e.Minutes = o, time.Since(begin).Minutes()
		raw, err := json.MarshalIndent(e, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(env(t, "DREY_EVIDENCE"), append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var gapLine = regexp.MustCompile(`gap ([0-9.]+) s`)

// suite runs the tests where one release is installed.
func suite(t *testing.T, version, run string) outcome {
	t.Helper()
	alone, begin := t.TempDir(), time.Now()
	if err := os.Symlink(filepath.Join(env(t, "DREY_DISTRIBUTIONS"), version), filepath.Join(alone, version)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-json", "-count=1", "-p", "1", "-timeout", "60m", "-run", run, "../gate", "../e2e")
	cmd.Env = append(os.Environ(), "DREY_DISTRIBUTIONS="+alone, "DREY_TEST_LINES="+version, "DREY_TEST_FLINK="+version,
		"DREY_TEST_FLINK_HOME="+filepath.Join(alone, version))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o := outcome{Failed: []string{}}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		o.add(t, lines.Bytes())
	}
	if err := cmd.Wait(); err != nil && len(o.Failed) == 0 {
		o.Failed = append(o.Failed, err.Error())
	}
	o.Minutes = time.Since(begin).Minutes()
	return o
}

// add counts one event of go test.
func (o *outcome) add(t *testing.T, line []byte) {
	var event struct{ Action, Package, Test, Output string }
	if json.Unmarshal(line, &event) != nil {
		return
	}
	switch {
	case event.Action == "output":
		if m := gapLine.FindStringSubmatch(event.Output); m != nil {
			o.Gaps = append(o.Gaps, m[1])
		}
		if strings.Contains(event.Output, ".go:") {
			t.Log(strings.TrimRight(event.Output, "\n"))
		}
	case event.Action == "pass" && event.Test != "":
		o.Passed++
	case event.Action == "fail":
		if name := strings.TrimSuffix(event.Package+" "+event.Test, " "); !slices.Contains(o.Failed, name) {
			o.Failed = append(o.Failed, name)
		}
	}
}
