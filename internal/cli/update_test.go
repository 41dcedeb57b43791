package cli

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/arm/v20261101"
)

const (
	version3 = `{"name":"3","properties":{"number":3,"state":"frozen","goal":true,"flinkVersion":"2.3.0","failure":"JobFailed: no",
		"jar":{"name":"b.jar","sha256":"bbbbbbbbbbbb","bytes":2},"jobJarDirectory":"abfs://jobs@a/orders","jarName":"b.jar","entryClass":"Main","args":"--x 1",
		"configuration":{"parallelism":"4","a.password":"******"},"storageUri":"abfs://s@a","jobManager":{"cpu":1,"memory":768},"taskManager":{"cpu":1,"memory":768},"taskManagers":2,
		"operators":[{"id":"01","uid":"source","name":"Source","parallelism":4},{"id":"03","name":"Sink","parallelism":1}]}}`
	version2 = `{"name":"2","properties":{"number":2,"state":"frozen","running":true,"goodAt":"2026-11-25T09:00:00Z","flinkVersion":"2.3.0",
		"jar":{"name":"a.jar","sha256":"aaaaaaaaaaaa","bytes":1},"lib":[{"name":"l.jar","sha256":"1111","bytes":1}],"jobJarDirectory":"abfs://jobs@a/orders","jarName":"a.jar","entryClass":"Main",
		"configuration":{"parallelism":"2","a.password":"******"},"storageUri":"abfs://s@a","jobManager":{"cpu":1,"memory":768},"taskManager":{"cpu":1,"memory":768},"taskManagers":2,
		"operators":[{"id":"01","uid":"source","name":"Source","parallelism":2},{"id":"02","name":"Map","parallelism":2}]}}`
	version1 = `{"name":"1","properties":{"number":1,"state":"failed","failure":"JarNotFound: nothing is there","jar":{"name":"a.jar","sha256":"","bytes":0},
		"jobJarDirectory":"abfs://jobs@a/orders","jarName":"a.jar","storageUri":"abfs://s@a","jobManager":{"cpu":1,"memory":768},"taskManager":{"cpu":1,"memory":768},"taskManagers":2}}`
	incarnations = `{"name":"3f9a000011112222","properties":{"id":"3f9a000011112222","version":3,"phase":"Dead","origin":"caller","cause":"JobFailed: no"}},
		{"name":"2b2b000011112222","properties":{"id":"2b2b000011112222","version":2,"phase":"Live","origin":"return","restoredFrom":"abfs://s@a/d/savepoint-1a2b3c-4d5e6f7a8b9c",
		"gap":{"seconds":0.412,"parts":[{"name":"savepoint","seconds":0.16},{"name":"restore","seconds":0.252}]}}}`
	largePlan = `{"action":"UPDATE","cold":"too little memory is free","stateBytes":209715200,"ways":[
		{"action":"UPDATE","gapSeconds":4.43,"measured":false,"price":"nothing is lost"},{"action":"LAST_STATE_UPDATE","gapSeconds":4.1,"measured":true,"price":"leaves no savepoint"}]}`
)

func TestEachLaunchAsksForWhatItsFlagsSay(t *testing.T) {
	for line, want := range map[string]map[string]any{
		"start orders --savepoint chk-7": {"action": "START", "savePointName": "chk-7"},
		"update orders":                  {"action": "UPDATE"},
		"update orders --jar abfs://a@b/c/d.jar --class M --arg x --conf k=v --savepoint s --allow-non-restored-state": {"action": "UPDATE", "jobJarDirectory": "abfs://a@b/c",
			"jarName": "d.jar", "entryClass": "M", "args": "x", "flinkConfiguration": map[string]any{"k": "v"}, "savePointName": "s", "allowNonRestoredState": true},
		"last-state-update orders --args=": {"action": "LAST_STATE_UPDATE", "args": ""},
		"stateless-update orders":          {"action": "STATELESS_UPDATE"},
		"relaunch orders":                  {"action": "RE_LAUNCH"},
	} {
		t.Run(line, func(t *testing.T) {
			f := newFake(t)
			if _, stderr, code := f.run(t, "good", append([]string{"job"}, strings.Fields(line)...)...); code != exitOK {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			var sent struct{ Properties map[string]any }
			if err := json.Unmarshal([]byte(f.bodies["/clusters/orders/runJob"]), &sent); err != nil {
				t.Fatal(err)
			}
			want["jobType"] = "FlinkJob"
			if d := cmp.Diff(want, sent.Properties); d != "" {
				t.Errorf("it asked otherwise (-want +got):\n%s", d)
			}
		})
	}
}

func TestAnUpdateShowsItsLinesAndItsGap(t *testing.T) {
	f := newFake(t)
	f.lines = `[{"time":"2026-11-25T12:00:00Z","step":"room","text":"warm: the new incarnation is prepared"},{"time":"2026-11-25T12:00:01Z","step":"preflight","text":"the \"3\" operators fit"}]`
	out, stderr, code := f.run(t, "good", "job", "update", "orders")
	if code != exitOK || !regexp.MustCompile(`(?m)^  last gap +0\.41 s \(savepoint 0\.16, restore 0\.25\)$`).MatchString(out) {
		t.Errorf("exit code %d, stdout:\n%s", code, out)
	}
	for _, line := range []string{`12:00:00Z op=7c1f20aa step=room says="warm: the new incarnation is prepared"`, `12:00:01Z op=7c1f20aa step=preflight says="the \"3\" operators fit"`} {
		if strings.Count(stderr, line+"\n") != 1 {
			t.Errorf("stderr lacks the line %s, or repeats it:\n%s", line, stderr)
		}
	}
}

func TestAnUpdateOfMuchStateShowsItsWaysBeforeItBegins(t *testing.T) {
	f := newFake(t)
	f.plan = largePlan
	_, stderr, code := f.run(t, "good", "job", "update", "orders")
	want := `The job has 200.0 MiB of state. It is stopped before the next is started: too little memory is free. What it takes:
  drey job update             gap about 4.4 s (estimated)  nothing is lost
  drey job last-state-update  gap about 4.1 s (as before)  leaves no savepoint
`
	if code != exitOK || !strings.HasPrefix(stderr, want) {
		t.Errorf("exit code %d, stderr:\n%s\nwant it to begin with\n%s", code, stderr, want)
	}
	f.plan = strings.Replace(largePlan, "209715200", "104857599", 1)
	if _, stderr, _ := f.run(t, "good", "job", "update", "orders"); strings.Contains(stderr, "of state") {
		t.Errorf("with little state nobody has to choose; stderr:\n%s", stderr)
	}
	f.plan = `no plan`
	if _, stderr, code := f.run(t, "good", "job", "update", "orders"); code != exitOK {
		t.Errorf("without a plan: exit code %d: %s", code, stderr)
	}
}

func TestAnUpdateThatWentBackSaysWhyAndWhatRunsNow(t *testing.T) {
	for _, line := range []string{"job update orders", "cluster version rollback orders 1"} {
		f := newFake(t)
		f.outcome, f.fault = "Failed", `{"code":"RolledBack","message":"The new version failed, version 2 runs again: JobFailed: no","hint":"the job lost nothing"}`
		_, stderr, code := f.run(t, "good", strings.Fields(line)...)
		if code != exitOperation || !strings.Contains(stderr, "version 2 runs again: JobFailed: no\n  now: version 2 runs, job RUNNING\n  hint: the job lost nothing\n") {
			t.Errorf("%s: exit code %d, stderr:\n%s", line, code, stderr)
		}
	}
}

func TestAnUpdateThatDoesNotFitShowsEachFinding(t *testing.T) {
	f := newFake(t)
	f.outcome, f.fault = "Failed", `{"code":"PreflightFailed","message":"It does not fit.","details":[{"code":"StateDropped","target":"Map","message":"Map is gone.","hint":"keep it"},
		{"code":"StateDropped","target":"Sink","message":"Sink is gone."}]}`
	_, stderr, code := f.run(t, "good", "job", "update", "orders")
	want := "  Map\n      Map is gone. [StateDropped]\n      hint: keep it\n  Sink\n      Sink is gone. [StateDropped]\n  now: version 2 runs, job RUNNING\n"
	if code != exitOperation || !strings.Contains(stderr, want) {
		t.Errorf("exit code %d, stderr:\n%s\nwant in it:\n%s", code, stderr, want)
	}
}

func TestTheVersionsToCompareAreTheOnesInUse(t *testing.T) {
	t.Parallel()
	version := func(number string, running bool, goodAt string) v20261101.JobVersion {
		return v20261101.JobVersion{Name: number, Properties: v20261101.JobVersionProperties{Running: running, GoodAt: goodAt}}
	}
	one, good, runs, newest := version("1", false, ""), version("2", false, "then"), version("3", true, ""), version("4", true, "now")
	for why, tt := range map[string]struct {
		all      []v20261101.JobVersion
		named    []string
		from, to string
		code     string
	}{
		"what runs, though a later one was good": {all: []v20261101.JobVersion{one, good, runs}, from: "3", to: "1"},
		"what was good, where the newest runs":   {all: []v20261101.JobVersion{newest, one, good}, from: "2", to: "4"},
		"the one before, where none was good":    {all: []v20261101.JobVersion{newest, one}, from: "1", to: "4"},
		"a named one and the newest":             {all: []v20261101.JobVersion{newest, good, one}, named: []string{"1"}, from: "1", to: "4"},
		"two named ones":                         {all: []v20261101.JobVersion{newest, good, one}, named: []string{"2", "1"}, from: "2", to: "1"},
		"one alone":                              {all: []v20261101.JobVersion{one}, code: "NothingToCompare"},
		"one that is not there":                  {all: []v20261101.JobVersion{one}, named: []string{"1", "7"}, code: "VersionNotFound"},
	} {
		from, to, err := pair(tt.all, tt.named)
		if tt.code != "" {
			if err == nil || asFailure(err).Code != tt.code {
				t.Errorf("%s: got %v, want %s", why, err, tt.code)
			}
		} else if err != nil || from.Name != tt.from || to.Name != tt.to {
			t.Errorf("%s: got %s and %s (%v), want %s and %s", why, from.Name, to.Name, err, tt.from, tt.to)
		}
	}
}

func TestARollbackNamesItsSavepointOnlyIfThereIsOne(t *testing.T) {
	for flags, want := range map[string]string{"": `{}`, " --savepoint chk-7": `{"savePointName":"chk-7"}`} {
		f := newFake(t)
		_, stderr, code := f.run(t, "good", strings.Fields("cluster version rollback orders 1"+flags)...)
		if got := f.bodies["/clusters/orders/versions/1/rollback"]; code != exitOK || got != want {
			t.Errorf("exit code %d, sent %s, want %s; stderr:\n%s", code, got, want, stderr)
		}
	}
}

func TestVersionsAndStartsAreShown(t *testing.T) {
	for line, want := range map[string]string{
		"cluster version list orders": `
VERSION  STATE            FLINK  JAR    SHA256    AGE  GOOD  FAILURE
3        frozen, wanted   2.3.0  b.jar  bbbbbbbb  –    –     JobFailed: no
2        frozen, running  2.3.0  a.jar  aaaaaaaa  –    3h    –
1        failed           –      a.jar  –         –    –     JarNotFound: nothing is there
`,
		"cluster version show orders 2": `
orders · version 2 · frozen, running
  good              3h ago
  class             Main
  conf a.password   ******
  conf parallelism  2
  flink             2.3.0
  jar               abfs://jobs@a/orders/a.jar
  jar sha256        aaaaaaaaaaaa
  job manager       1 CPU, 768 MB
  lib l.jar         1111
  operator 02       Map ×2
  operator source   Source ×2
  storage           abfs://s@a
  task manager      1 CPU, 768 MB
  task managers     2
`,
		"cluster version diff orders": `
FIELD             VERSION 2                   VERSION 3
args              –                           --x 1
conf parallelism  2                           4
jar               abfs://jobs@a/orders/a.jar  abfs://jobs@a/orders/b.jar
jar sha256        aaaaaaaaaaaa                bbbbbbbbbbbb
lib l.jar         1111                        –
operator 02       Map ×2                      –
operator 03       –                           Sink ×1
operator source   Source ×2                   Source ×4
`,
		"cluster version diff orders 2 2 -o json": `
{
  "differences": [],
  "from": 2,
  "to": 2
}
`,
		"cluster version diff orders 2 2": "\n",
		"job incarnation list orders": `
ID        VERSION  PHASE  ORIGIN  AGE  RESTORED FROM                  GAP                                    ENDED BY
3f9a0000  3        Dead   caller  –    –                              –                                      JobFailed: no
2b2b0000  2        Live   return  –    savepoint-1a2b3c-4d5e6f7a8b9c  0.41 s (savepoint 0.16, restore 0.25)  –
`,
	} {
		t.Run(line, func(t *testing.T) {
			f := newFake(t)
			out, stderr, code := f.run(t, "good", strings.Fields(line)...)
			if code != exitOK {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			if d := cmp.Diff(strings.TrimPrefix(want, "\n"), out); d != "" {
				t.Errorf("stdout differs (-want +got):\n%s", d)
			}
		})
	}
}

func TestOperatorsThatAreNotKnownAreNotCompared(t *testing.T) {
	f := newFake(t)
	out, stderr, code := f.run(t, "good", "cluster", "version", "diff", "orders", "1", "2")
	if code != exitOK || strings.Contains(out, "operator") || !strings.Contains(stderr, "operators of version 1 are not known") {
		t.Errorf("exit code %d, stdout:\n%s\nstderr:\n%s", code, out, stderr)
	}
}
