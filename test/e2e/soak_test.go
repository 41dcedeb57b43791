//go:build soak

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// evidence is what a deep suite leaves in docs/evidence.
type evidence struct {
	Suite        string         `json:"suite"`
	Commit       string         `json:"commit"`
	At           time.Time      `json:"at"`
	Seed         uint64         `json:"seed"`
	Minutes      float64        `json:"minutes"`
	Changes      int            `json:"changes"`
	ByKind       map[string]int `json:"byKind"`
	Incarnations int            `json:"incarnations"`
	Records      int            `json:"records"`
	Committed    int            `json:"committed"`
	Failures     int            `json:"failures"`
}

// setting is a number from the environment.
func setting(t *testing.T, name string, byDefault uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return byDefault
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// Many changes of all kinds in an order that a seed gives, with deaths between them. The witness judges after each.
func TestSoak(t *testing.T) {
	begin := time.Now()
	changes := int(setting(t, "CHANGES", 200))
	e := evidence{Suite: "soak", At: begin.UTC(), Seed: setting(t, "SEED", uint64(begin.UnixNano())), ByKind: map[string]int{}}
	commit, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	e.Commit = strings.TrimSpace(string(commit))
	t.Logf("seed %d", e.Seed)
	random := rand.New(rand.NewPCG(e.Seed, 0))
	s := newServer(t)
	s.configure(tireless)
	w, r := s.witness("soak", true)
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	kinds := soakKinds(w, random)
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, k.name)
	}
	t.Logf("kinds: %v", names)
	for e.Changes = 1; e.Changes < changes; e.Changes++ {
		k := kinds[random.IntN(len(kinds))]
		if e.Changes < 5*len(kinds) {
			k = kinds[e.Changes%len(kinds)] // five times each at least
		}
		begin := time.Now()
		w.grows(600)
		k.do(e.Changes)
		w.grows(20)
		w.oneCopy(k.name, 1)
		w.clean(fmt.Sprintf("after change %d, %s", e.Changes, k.name), false)
		e.ByKind[k.name]++
		t.Logf("%d %s: %.1f s", e.Changes, k.name, time.Since(begin).Seconds())
		if t.Failed() {
			e.Failures++
			break
		}
	}
	s.must("job", "stop", w.name)
	report := w.clean("at the end", true)
	if t.Failed() {
		e.Failures = max(e.Failures, 1)
	}
	e.Incarnations, e.Records, e.Committed, e.Minutes = report.Incarnations, report.Records, report.Committed, time.Since(begin).Minutes()
	raw, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../docs/evidence/soak.json", append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// soakKind is one kind of change.
type soakKind struct {
	name string
	do   func(n int)
}

func soakKinds(w *witnessed, random *rand.Rand) []soakKind {
	version := func(n int) []string {
		return w.update(trouble{}, "--arg", "--out", "--arg", "abfs://out@local.dfs.core.windows.net/"+w.name, "--arg", "--version", "--arg", fmt.Sprint(n))[3:]
	}
	must := func(args ...string) { w.must(append(args, "--timeout", "3m")...) }
	all := []soakKind{
		{"update", func(n int) { must(append([]string{"job", "update", w.name}, version(n)...)...) }},
		{"update again", func(int) { must("job", "update", w.name) }},
		{"last-state update", func(n int) {
			must(append([]string{"job", "last-state-update", w.name}, version(n)...)...)
			w.mayRepeat(1)
		}},
		{"cold update", func(n int) {
			must(append(append([]string{"job", "update", w.name}, version(n)...), "--conf", "drey.update.warm=false")...)
		}},
		{"relaunch", func(int) { must("job", "relaunch", w.name) }},
		{"rollback", func(int) {
			frozen := read[[]struct {
				Properties struct {
					Number int
					State  string
					GoodAt string
				}
			}](w.server, "cluster", "version", "list", w.name)
			for _, i := range random.Perm(len(frozen)) {
				if p := frozen[i].Properties; p.State == "frozen" && (p.GoodAt != "" || p.Number == 1) {
					must("cluster", "version", "rollback", w.name, fmt.Sprint(p.Number))
					return
				}
			}
		}},
		{"stop and start", func(int) {
			must("job", "stop", w.name)
			w.clean("stopped", true)
			must("job", "start", w.name)
		}},
		{"savepoint", func(int) { must("job", "savepoint", w.name) }},
		{"death of the JobManager", func(int) { w.dies("jobmanager-0", false) }},
		{"death of the TaskManager", func(int) { w.dies("taskmanager-0", random.IntN(2) == 0) }},
		{"restart of the server", func(int) { w.kill(); w.start() }},
	}
	for why, c := range troubles {
		c.args = append(c.args, "--arg", "--out", "--arg", "abfs://out@local.dfs.core.windows.net/"+w.name)
		all = append(all, soakKind{"back: " + why, func(int) { w.comesBack(why, c) }})
	}
	return all
}
