package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A launch that cannot work ends Failed with the cause: in the exit code and words of the CLI, in the operation, in the job's entry.
func TestALaunchThatFailsSaysWhy(t *testing.T) {
	s := newServer(t)
	notAJar := filepath.Join(t.TempDir(), "broken.jar")
	if err := os.WriteFile(notAJar, []byte("this is no zip file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for why, tt := range map[string]struct {
		args []string
		code string
		says string // in the words of the CLI and of jobOutput
	}{
		"the jar is not there":       {[]string{"--jar", "abfs://jobs@local.dfs.core.windows.net/nowhere/job.jar"}, "JarNotFound", "Failed to download jar"},
		"the file is no jar":         {[]string{"--jar", notAJar}, "InvalidJar", "zip"},
		"the class is missing":       {[]string{"--jar", jar(t, "jobs.jar"), "--class", "com.example.Missing"}, "EntryClassNotFound", "com.example.Missing"},
		"no class is named":          {[]string{"--jar", jar(t, "nomain.jar")}, "EntryClassNotFound", "jobs.Misbehave"},
		"main() throws":              {[]string{"--jar", jar(t, "jobs.jar"), "--arg", "throws"}, "ApplicationMainFailed", `the "cause"`},
		"main() submits no job":      {[]string{"--jar", jar(t, "jobs.jar"), "--arg", "nothing"}, "NoJobSubmitted", "execute()"},
		"main() submits two jobs":    {[]string{"--jar", jar(t, "jobs.jar"), "--arg", "twice"}, "MultipleJobs", "one Flink job"},
		"main() calls System.exit":   {[]string{"--jar", jar(t, "jobs.jar"), "--arg", "exit"}, "ApplicationExited", "exit code 7"},
		"the savepoint is not there": {[]string{"--jar", jar(t, "jobs.jar"), "--arg", "bounded", "--savepoint", "savepoint-123456-123456789012"}, "SavepointNotFound", "savepoint-123456-123456789012"},
	} {
		t.Run(why, func(t *testing.T) {
			name := strings.NewReplacer(" ", "-", "(", "", ")", "", ".", "-").Replace(why)
			r := s.cli(append([]string{"cluster", "create", name}, tt.args...)...)
			if r.code != 6 {
				t.Fatalf("exit code %d, want 6\n%s", r.code, r.err)
			}
			op := s.outcome(name, "cluster.create")
			if op.Properties.Error == nil || op.Properties.Error.Code != tt.code {
				t.Errorf("the operation says %+v, want %s", op.Properties.Error, tt.code)
			}
			job := read[jobEntry](s, "job", "show", name)
			if job.Properties.ActionResult != "FAILED" || !strings.Contains(job.Properties.JobOutput, tt.code) || !strings.Contains(job.Properties.JobOutput, tt.says) {
				t.Errorf("the job's entry says %q with %q, want %s and %q", job.Properties.ActionResult, job.Properties.JobOutput, tt.code, tt.says)
			}
			if tt.code != "JarNotFound" && !strings.Contains(r.err, tt.says) {
				t.Errorf("the CLI says %q, want %q", r.err, tt.says)
			}
			s.must("cluster", "delete", name, "--yes")
		})
	}
	s.oneCopy("at the end", 0)
}

// A request that asks for what cannot be is refused at once, with all its faults.
func TestARequestThatCannotBeIsRefused(t *testing.T) {
	s := newServer(t)
	r := s.cli("cluster", "create", "big", "--jar", jar(t, "hello.jar"), "--memory", "9000000")
	if r.code != 5 || !strings.Contains(r.err, "InsufficientCapacity") && !strings.Contains(r.err, "are free") {
		t.Errorf("more memory than there is: exit code %d\n%s", r.code, r.err)
	}
	r = s.cli("cluster", "create", "-o", "json", "bad_name", "--jar", jar(t, "hello.jar"), "--memory", "100", "--conf", "rest.port=1", "--flink-version", "0.9.0")
	if r.code != 1 || strings.Count(r.err, `"target"`) < 3 {
		t.Errorf("several faults: exit code %d, want 1 and every fault with its path\n%s", r.code, r.err)
	}
	for _, word := range []string{"drey distribution install", "512"} {
		if !strings.Contains(r.err, word) {
			t.Errorf("the refusal does not say %q\n%s", word, r.err)
		}
	}
	if r := s.cli("cluster", "show", "nobody"); r.code != 3 {
		t.Errorf("a cluster that is not there: exit code %d, want 3\n%s", r.code, r.err)
	}
	if r := s.cli("cluster", "create", "x"); r.code != 2 {
		t.Errorf("no --jar: exit code %d, want 2\n%s", r.code, r.err)
	}
}

// Each error a newcomer meets on the way to a server says what to do.
func TestAServerThatCannotStartSaysWhatToDo(t *testing.T) {
	running := newServer(t)
	for why, tt := range map[string]struct {
		prepare func(s *server) []string // environment
		want    []string
	}{
		"no Java": {func(*server) []string { return []string{"PATH=/nowhere", "JAVA_HOME="} }, []string{"no Java was found", "install a JDK 17"}},
		"wrong Java": {func(s *server) []string {
			home := filepath.Join(t.TempDir(), "java8")
			writeScript(t, filepath.Join(home, "bin", "java"), `echo 'openjdk version "1.8.0_402"' >&2`)
			return []string{"JAVA_HOME=" + home}
		}, []string{"wrong Java", "runs on Java", "install a JDK 17"}},
		"a port that is taken": {func(s *server) []string {
			setListen(t, s, endpointOf(t, running))
			return nil
		}, []string{"cannot listen", "--listen"}},
		"a second server": {func(s *server) []string {
			s.dir = running.dir
			return nil
		}, []string{"another server (pid", "drey down"}},
	} {
		t.Run(why, func(t *testing.T) {
			s := prepareServer(t, running.bin)
			own := s.dir
			environment := tt.prepare(s)
			if _, err := s.tryStart(environment...); err == nil {
				t.Fatal("the server started")
			}
			s.dir = own
			if err := os.MkdirAll(own, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				if log := s.log(); !strings.Contains(log, want) {
					t.Errorf("it does not say %q:\n%s", want, log)
				}
			}
		})
	}
}

func writeScript(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func endpointOf(t *testing.T, s *server) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, "connection.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(raw), `"endpoint": "https://`)
	at, _, _ := strings.Cut(after, `"`)
	return at
}

func setListen(t *testing.T, s *server, address string) {
	t.Helper()
	raw, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), "listen: 127.0.0.1:0", "listen: "+address, 1)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A full disk refuses what cannot be kept, loses nothing, and is well again when there is space. Everything can be ended on it.
func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	s := prepareServer(t, env(t, "DREY_TEST_BIN"))
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", s.dir, "tmpfs", 0, "size=48m"); err != nil {
		t.Fatalf("cannot mount a small disk (the test runs as root): %v", err)
	}
	t.Cleanup(func() {
		s.down()
		if err := unix.Unmount(s.dir, unix.MNT_DETACH); err != nil {
			t.Errorf("cannot unmount: %v", err)
		}
	})
	s.start()
	ballast := filepath.Join(s.dir, "ballast")
	fill := func() {
		if err := exec.Command("sh", "-c", "cat /dev/zero >> "+ballast+" 2>/dev/null; true").Run(); err != nil {
			t.Fatal(err)
		}
	}
	fill()
	var refused result
	s.until("the full disk is told", func() bool {
		refused = s.cli("cluster", "create", "full", "--jar", jar(t, "hello.jar"))
		return refused.code != 0
	})
	if !strings.Contains(refused.err, "full") || !strings.Contains(refused.err, "free some space") {
		t.Errorf("exit code %d, and it says %q", refused.code, refused.err)
	}
	if r := s.cli("cluster", "list"); r.code != 0 {
		t.Errorf("reading on a full disk: exit code %d\n%s", r.code, r.err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.until("the server takes uploads again", func() bool {
		return s.cli("cluster", "create", "after", "--jar", jar(t, "hello.jar"), "--no-wait").code == 0
	})
	fill()
	s.must("down", "--data", s.dir)
}
