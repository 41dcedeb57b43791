package flink

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAnArchivesKeyChangesWithEachOfItsParts(t *testing.T) {
	t.Parallel()
	made := func() ArchiveSource {
		return ArchiveSource{Format: 1, Java: "/jdk/bin/java", JavaBuild: "17.0.15+6", Flink: "2.3.0", Digest: "d", Lib: "/flink/lib",
			Jars: []ArchiveJar{{"flink-dist-2.3.0.jar", 1, time.Unix(1, 0)}}, GateJar: "/bin/drey.jar", GateSHA: "g", Flags: []string{"-Xa"}}
	}
	if first, second := made().Key(), made().Key(); first != second || len(first) != 32 {
		t.Fatalf("the same source has keys %q and %q", first, second)
	}
	for why, change := range map[string]func(*ArchiveSource){
		"format":                  func(s *ArchiveSource) { s.Format++ },
		"java":                    func(s *ArchiveSource) { s.Java = "/jdk2/bin/java" },
		"build of java":           func(s *ArchiveSource) { s.JavaBuild = "17.0.16+8" },
		"version":                 func(s *ArchiveSource) { s.Flink = "2.3.1" },
		"digest":                  func(s *ArchiveSource) { s.Digest = "e" },
		"folder of jars":          func(s *ArchiveSource) { s.Lib = "/elsewhere/lib" },
		"one more jar":            func(s *ArchiveSource) { s.Jars = append(s.Jars, ArchiveJar{Name: "x.jar"}) },
		"name of a jar":           func(s *ArchiveSource) { s.Jars[0].Name = "y.jar" },
		"size of a jar":           func(s *ArchiveSource) { s.Jars[0].Bytes++ },
		"time of a jar":           func(s *ArchiveSource) { s.Jars[0].ModifiedAt = time.Unix(2, 0) },
		"place of our jar":        func(s *ArchiveSource) { s.GateJar = "/other/drey.jar" },
		"content of our jar":      func(s *ArchiveSource) { s.GateSHA = "h" },
		"flags that Flink starts": func(s *ArchiveSource) { s.Flags = nil },
	} {
		other := made()
		if change(&other); other.Key() == made().Key() {
			t.Errorf("another %s, and the same key", why)
		}
	}
}

func TestFlagsOfArchives(t *testing.T) {
	t.Parallel()
	both := Archives{JobManager: "/a/jobmanager.jsa", TaskManager: "/a/taskmanager.jsa"}
	for why, tt := range map[string]struct {
		archives Archives
		options  string
		want     [2]string // a flag of the JobManager, of the TaskManager; "" = none about archives
	}{
		"none":                              {},
		"each role has its own":             {archives: both, want: [2]string{"-XX:SharedArchiveFile=/a/jobmanager.jsa", "-XX:SharedArchiveFile=/a/taskmanager.jsa"}},
		"one role alone":                    {archives: Archives{TaskManager: "/a/t.jsa"}, want: [2]string{"", "-XX:SharedArchiveFile=/a/t.jsa"}},
		"from JDK 25 on":                    {archives: Archives{"/a/j.aot", "/a/t.aot"}, want: [2]string{"-XX:AOTCache=/a/j.aot", "-XX:AOTCache=/a/t.aot"}},
		"options about something else":      {archives: both, options: "-Xlog:gc -XX:+UseZGC", want: [2]string{"-XX:SharedArchiveFile=/a/jobmanager.jsa", "-XX:SharedArchiveFile=/a/taskmanager.jsa"}},
		"the user wants none":               {archives: both, options: "-Xshare:off"},
		"the user has an archive":           {archives: both, options: "-Dx=1 -XX:SharedArchiveFile=/mine.jsa"},
		"the user makes an archive":         {archives: both, options: "-XX:ArchiveClassesAtExit=/mine.jsa"},
		"the user has a cache of his own":   {archives: both, options: "-XX:AOTCache=/mine.aot"},
		"the user says how it is to be had": {archives: both, options: "-XX:AOTMode=off"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			p := testPlan()
			p.Archives = tt.archives
			p.Config = map[string]string{"env.java.opts.all": tt.options}
			rendered, err := Render(p)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range tt.want {
				args := rendered.Processes[i].Args
				if want != "" && !slices.Contains(args, want) {
					t.Errorf("%s is not in %q", want, args)
				}
				if of := slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, "/a/") }); want == "" && of {
					t.Errorf("an archive is in %q", args)
				}
			}
		})
	}
}

func TestAJavaStartsWithAnArchiveItCannotUseAndSaysNothingOfIt(t *testing.T) {
	t.Parallel()
	java, err := FindJava(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken"+java.ArchiveSuffix())
	if err := os.WriteFile(broken, []byte(strings.Repeat("no archive", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for why, archive := range map[string]string{"broken": broken, "missing": filepath.Join(filepath.Dir(broken), "missing"+java.ArchiveSuffix())} {
		out, err := exec.CommandContext(t.Context(), java.Path, append(archiveArgs(archive), "-version")...).CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), strings.SplitN(java.Build, "\n", 2)[0]) || strings.Contains(string(out), "archive") {
			t.Errorf("%s: java says (%v)\n%s", why, err, out)
		}
	}
}

func TestWhichArchivesAJavaMakes(t *testing.T) {
	t.Parallel()
	for major, want := range map[int]string{8: "", 11: "", 17: ".jsa", 21: ".jsa", 25: ".aot", 26: ".aot"} {
		if got := (Java{Major: major}).ArchiveSuffix(); got != want {
			t.Errorf("Java %d: got %q, want %q", major, got, want)
		}
	}
}

func TestATrainingPlanCanBeRendered(t *testing.T) {
	t.Parallel()
	p, real := TrainingPlan("2.3.0", "../training/job.jar", "drey-flink.jar"), testPlan()
	p.Incarnation, p.Ports, p.Storage, p.Folders = real.Incarnation, real.Ports, real.Storage, real.Folders
	rendered, err := Render(p)
	if err != nil {
		t.Fatal(err)
	}
	if len(rendered.Processes) != 2 || !slices.Contains(rendered.Processes[0].Args, PrepareWarmUp) {
		t.Errorf("got %+v", rendered.Processes)
	}
}
