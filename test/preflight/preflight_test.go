// Package preflight holds [flink.Preflight] against Flink itself: pairs of versions of one job, of which the second is started from
// a savepoint of the first.
package preflight

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drey/internal/flink"
)

// answer is what the harness says of one pair.
type answer struct {
	Savepoint string            // URI
	Written   []string          // roles that have state in it
	Graph     json.RawMessage   // of the second version, as in the gate's report
	Refusal   *string           // why Flink does not run the second version from the savepoint
	Found     map[string]string // by role of the second version: whose state it found, "" = none
}

func TestPreflightSaysFitsOnlyWhereFlinkKeepsAllState(t *testing.T) {
	names := slices.Sorted(maps.Keys(corpus))
	answers := ask(t, names)
	var table strings.Builder
	for _, name := range names {
		p, a := corpus[name], answers[name]
		verdict, blocks, fits := judge(t, p, a)
		did := a.did()
		fmt.Fprintf(&table, "%-66s | %-66s | %s\n", name, verdict, did)
		if verdict != p.verdict || p.flink != "" && did != p.flink {
			t.Errorf("%s: Preflight says %q, want %q; Flink %s, want %s", name, verdict, p.verdict, did, p.flink)
		}
		if p.why == "" && fits && did != "keeps" {
			t.Errorf("%s: said to fit, and Flink %s: %s", name, did, a.refusal())
		}
		if p.why == "" && blocks && did == "keeps" {
			t.Errorf("%s: blocked, and Flink keeps all state", name)
		}
	}
	t.Logf("%d pairs\n%s", len(names), table.String())
}

// ask runs all pairs in one JVM.
func ask(t *testing.T, names []string) map[string]answer {
	t.Helper()
	var lines, said bytes.Buffer
	for _, name := range names {
		p := corpus[name]
		fmt.Fprintf(&lines, "%s\t%s\t%v\n", p.before, p.after, p.allowNonRestored)
	}
	classPath := filepath.Join(env(t, "DREY_TEST_JARS"), "preflight.jar") + ":" + filepath.Join(env(t, "DREY_TEST_FLINK_HOME"), "lib", "*")
	cmd := exec.CommandContext(t.Context(), "java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", classPath, "drey.PreflightCorpus", "file://"+t.TempDir())
	cmd.Stdin, cmd.Stderr = &lines, &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the harness: %v\n%s\n%s", err, out, said.String())
	}
	answers := map[string]answer{}
	scanner := bufio.NewScanner(bytes.NewReader(out))
	scanner.Buffer(nil, 1<<20)
	for _, name := range names {
		var a answer
		if !scanner.Scan() || json.Unmarshal(scanner.Bytes(), &a) != nil {
			t.Fatalf("%s: the harness answered %q", name, scanner.Text())
		}
		answers[name] = a
	}
	return answers
}

// judge asks Preflight, with the savepoint's real metadata and the gate's own description.
func judge(t *testing.T, p pair, a answer) (verdict string, blocks, fits bool) {
	t.Helper()
	report, err := flink.ParseReport(fmt.Appendf(nil, `{"graph":%s}`, a.Graph))
	if err != nil {
		t.Fatalf("%s: %v", a.Graph, err)
	}
	folder, err := url.Parse(a.Savepoint)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(folder.Path, "_metadata"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := flink.ReadMetadata(data)
	if err != nil {
		t.Fatal(err)
	}
	findings := flink.Preflight(*report.Graph, m, p.allowNonRestored)
	if flink.Fits(findings) {
		return "fits", false, true
	}
	var said []string
	for _, f := range findings {
		if f.Severity != flink.Info {
			said = append(said, fmt.Sprintf("%s %s", f.Severity, f.Code))
			t.Logf("%s -> %s\n  %s", p.before, p.after, f)
		}
		blocks = blocks || f.Severity == flink.Blocks
	}
	return strings.Join(said, ", "), blocks, false
}

// did says what Flink did, in the words of [pair].
func (a answer) did() string {
	if a.Refusal != nil {
		return "refuses"
	}
	var lost []string
	for _, role := range a.Written {
		if a.Found[role] != role {
			lost = append(lost, role)
		}
	}
	if len(lost) == 0 {
		return "keeps"
	}
	return "loses " + strings.Join(lost, " ")
}

func (a answer) refusal() string {
	if a.Refusal == nil {
		return ""
	}
	return *a.Refusal
}

func env(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set; run these tests by `make real`", name)
	}
	return v
}
