package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/arm/v20261101"
	"drey/internal/cluster"
)

func TestWhatIsQuotedIsSplitBackByTheServer(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--topic", "a b", `{"a":1}`, "", `C:\x`},
		{`say "x y"`}, {`x' "y"`}, {`x" 'y'`}, {`it's "x"`}, {`"`}, {`'`}, {`'a b'`}, {`ends with "`}, {"tab\tand\nline"}, {`"a`, `b"`},
	} {
		text, given, err := joinArgs("", args)
		if err != nil || !given {
			t.Errorf("%q: %v", args, err)
			continue
		}
		got, fault := cluster.SplitArgs(text)
		if fault != nil {
			t.Errorf("%q became %s, which the server refuses: %s", args, text, fault.Message)
		}
		if diff := cmp.Diff(args, got); diff != "" {
			t.Errorf("%q became %s, which the server splits otherwise (-want +got):\n%s", args, text, diff)
		}
	}
}

func TestArgumentsAreQuotedAsTheServerSplitsThem(t *testing.T) {
	got, given, err := joinArgs("", []string{"--topic", "a b", `{"a":1}`, "", `say "x" y`})
	if want := `--topic "a b" {"a":1} "" 'say "x" y'`; got != want || !given || err != nil {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
	if _, given, err := joinArgs("", nil); given || err != nil {
		t.Errorf("no arguments were given (%v)", err)
	}
}

func TestAnArgumentThatNoQuoteCanHoldIsRefused(t *testing.T) {
	t.Parallel()
	if text, _, err := joinArgs("", []string{`a" b' c`}); asFailure(err).Exit != exitUsage {
		t.Errorf("got %s (%v), want a refusal", text, err)
	}
}

func TestHelpTopicsAreMadeFromTheTables(t *testing.T) {
	out, _, code := runIn(t, t.TempDir(), "help", "exit-codes")
	if code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	for number, meaning := range exitCodes {
		if !strings.Contains(out, fmt.Sprintf("%3d  %s\n", number, meaning)) {
			t.Errorf("help exit-codes lacks %d:\n%s", number, out)
		}
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	for number, meaning := range exitCodes {
		if !strings.Contains(string(page), fmt.Sprintf("\n| %d | %s |\n", number, meaning)) {
			t.Errorf("docs/cli.md lacks exit code %d: %s", number, meaning)
		}
	}
	out, _, _ = runIn(t, t.TempDir(), "help", "environment")
	for _, s := range settable {
		if !strings.Contains(out, s.variable+" ") {
			t.Errorf("%s is read, which help environment does not name", s.variable)
		}
	}
	read := regexp.MustCompile(`os\.Getenv\("([A-Z_]+)"\)`)
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range sources {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range read.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(out, m[1]) {
				t.Errorf("%s reads %s, which help environment does not name", file, m[1])
			}
		}
	}
}

func TestTheDoctorWithoutJavaSaysSoAndFails(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("JAVA_HOME", "")
	t.Setenv("DREY_DISTRIBUTIONS", "") // the Makefile names the one it installed
	out, _, code := runIn(t, t.TempDir(), "doctor")
	if code != exitFailed || !strings.Contains(out, "✖ no Flink is installed") || !regexp.MustCompile(`(?m)^✖ .*[Jj]ava`).MatchString(out) {
		t.Errorf("exit code %d, want %d; it said:\n%s", code, exitFailed, out)
	}
}

func TestWithoutATerminalProgressIsPlainLines(t *testing.T) {
	f := newFake(t)
	out, stderr, code := f.run(t, "good", "job", "stop", "orders")
	line := regexp.MustCompile(`^\d\d:\d\d:\d\dZ op=7c1f20aa (step=await state=(running|done took=\d+\.\ds)|state=Succeeded took=\d+\.\ds)$`)
	for _, l := range strings.Split(strings.TrimSpace(stderr), "\n") {
		if !line.MatchString(l) {
			t.Errorf("stderr has the line %q", l)
		}
	}
	if code != exitOK || !strings.HasPrefix(out, "orders · job RUNNING\n") {
		t.Errorf("exit code %d, stdout %q", code, out)
	}
	if _, stderr, _ := f.run(t, "good", "job", "stop", "orders", "-o", "json"); stderr != "" {
		t.Errorf("with -o json stderr is for one error alone; got %q", stderr)
	}
	if _, stderr, _ := f.run(t, "good", "job", "stop", "orders", "-q"); stderr != "" {
		t.Errorf("with -q: got %q", stderr)
	}
}

func TestOnATerminalTheLogStaysAboveTheStepThatRuns(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	s := (&session{app: &app{err: &text, errTTY: true, now: noon}}).newSteps("7c1f20aa")
	var op v20261101.Operation
	op.Properties.Step = "room"
	s.update(op)
	op.Properties.Step, op.Properties.Lines = "prepare", []v20261101.Line{{Step: "room", Text: "warm: \x1b[2Jbeside it"}}
	s.update(op)
	s.update(op)
	var shown []string
	for l := range strings.SplitSeq(text.String(), "\n") {
		l = l[strings.LastIndex(l, "\x1b[K")+len("\x1b[K"):]
		shown = append(shown, strings.Join(strings.Fields(l)[:2], " "))
	}
	if want := []string{"warm: [2Jbeside", "✓ room", "· prepare"}; !cmp.Equal(want, shown) {
		t.Errorf("got %q, want %q", shown, want)
	}
}
