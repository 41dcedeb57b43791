package runtimetest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"

	"drey/internal/runtime"
	"drey/internal/secret"
)

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func heldThenReleased(r *rig) {
	id := r.newID()
	gate := r.layout(id).Gate
	r.prepare(r.incarnation(id, Script{Print("up"), Gate(gate), Print("open"), Done(gate, "f00d"), Wait}, Script{Wait}))
	held := r.await(id, jobManager, runtime.Held)
	if held.Gate.Gate != runtime.GateReady || held.Life == "" || held.Gate.At.IsZero() {
		r.Errorf("a held one is seen as %+v", held)
	}
	if s := r.await(id, taskManager, runtime.Alive); s.Gate.Gate != runtime.GateNone {
		r.Errorf("a process without a gate says %q", s.Gate.Gate)
	}
	if s := r.observe(id); s.OrderDigest != "" || s.Tombstone || s.Dead {
		r.Errorf("before its release it is seen as %+v", s)
	}
	if text, _ := r.output(id, jobManager, 0); strings.Contains(text, "open") {
		r.Errorf("it did not hold: %q", text)
	}
	r.release(id, `{"restorePath":"a"}`)
	s := r.until(id, "main() returned", func(s runtime.Status) bool { return s.Process(jobManager).Gate.Gate == runtime.GateDone })
	p := s.Process(jobManager)
	if diff := cmp.Diff([]string{"f00d"}, p.Gate.Jobs); p.State != runtime.Alive || diff != "" {
		r.Errorf("after main() it is seen as %+v, jobs -want +got:\n%s", p, diff)
	}
	if want := digest(`{"restorePath":"a"}`); s.OrderDigest != want {
		r.Errorf("the order's digest is %q, want %q", s.OrderDigest, want)
	}
	r.awaitOutput(id, jobManager, "up\norder {\"restorePath\":\"a\"}\nopen\n")
}

func releasedOnce(r *rig) {
	inc := r.prepareHeld()
	r.release(inc.ID, "one")
	r.release(inc.ID, "one")
	r.wantError(r.Runtime.Release(r.ctx, inc.ID, []byte("two")), runtime.ErrReleased)
	r.awaitOutput(inc.ID, jobManager, "open")
	r.release(inc.ID, "one")
	r.kill(inc.ID)
	r.release(inc.ID, "one")
	r.wantError(r.Runtime.Release(r.ctx, inc.ID, []byte("two")), runtime.ErrReleased)
}

func notHeld(r *rig) {
	id := r.newID()
	r.wantError(r.Runtime.Release(r.ctx, id, []byte("one")), runtime.ErrNotHeld)
	r.prepare(r.incarnation(id, Script{Print("no gate yet"), Wait}, Script{Wait}))
	r.awaitOutput(id, jobManager, "no gate yet")
	r.wantError(r.Runtime.Release(r.ctx, id, []byte("one")), runtime.ErrNotHeld)
	if s := r.observe(id); s.OrderDigest != "" || s.Process(jobManager).State != runtime.Alive {
		r.Errorf("after a refused release it is seen as %+v", s)
	}
	r.kill(id)
	r.wantError(r.Runtime.Release(r.ctx, id, []byte("one")), runtime.ErrNotHeld)
}

func mainThrows(r *rig) {
	id := r.newID()
	gate := r.layout(id).Gate
	r.prepare(r.incarnation(id, Script{Gate(gate), Fail(gate, "java.lang.Error: boom"), Exit(1)}, nil))
	r.await(id, jobManager, runtime.Held)
	r.release(id, "one")
	s := r.await(id, jobManager, runtime.Exited)
	if s.Gate.Gate != runtime.GateFailed || s.Gate.Failure != "java.lang.Error: boom" || s.Exit.Code != 1 {
		r.Errorf("it is seen as %+v", s)
	}
}

func preparedAgain(r *rig) {
	inc := r.prepareHeld()
	before := r.observe(inc.ID)
	r.prepare(inc)
	r.release(inc.ID, "one")
	r.prepare(inc)
	after := r.observe(inc.ID)
	for i, p := range before.Processes {
		if p.Life != after.Processes[i].Life {
			r.Errorf("%s had life %s, and has %s", p.ProcessID, p.Life, after.Processes[i].Life)
		}
	}
	ended := r.incarnation(r.newID(), Script{Print("ran"), Exit(7)}, nil)
	r.prepare(ended)
	r.await(ended.ID, jobManager, runtime.Exited)
	r.prepare(ended)
	if text, _ := r.output(ended.ID, jobManager, 0); text != "ran\n" || r.observe(ended.ID).Process(jobManager).Exit.Code != 7 {
		r.Errorf("what ended was started again: %q", text)
	}
}

func preparedAtOnce(r *rig) {
	id := r.newID()
	inc := r.incarnation(id, Script{Print("up"), Gate(r.layout(id).Gate), Wait}, Script{Print("up"), Wait})
	var calls sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		calls.Go(func() { errs[i] = r.Runtime.Prepare(r.ctx, inc) })
	}
	calls.Wait()
	for _, err := range errs {
		r.wantError(err, nil)
	}
	r.await(id, jobManager, runtime.Held)
	for _, p := range []runtime.ProcessID{jobManager, taskManager} {
		if text := r.awaitOutput(id, p, "up\n"); text != "up\n" {
			r.Errorf("%s wrote %q, want one line", p, text)
		}
	}
}

func filesAndArtifacts(r *rig) {
	id := r.newID()
	l := r.layout(id)
	store := r.TempDir()
	jar := runtime.Artifact{Name: "job.jar", SHA256: digest("a job"), Source: filepath.Join(store, digest("a job")+".jar")}
	plugin := runtime.Artifact{Name: "fs/fs.jar", Plugin: true, SHA256: digest("a plugin"), Source: filepath.Join(store, "fs.jar")}
	for path, text := range map[string]string{jar.Source: "a job", plugin.Source: "a plugin"} {
		if err := os.WriteFile(path, []byte(text), 0o400); err != nil {
			r.Fatal(err)
		}
	}
	inc := r.incarnation(id, Script{
		Cat(l.Conf + "/config.yaml"), Cat(l.Jars + "/job.jar"), Cat(l.Plugins + "/fs/fs.jar"),
		Print("@jars:" + l.Jars + ":last"), Wait,
	}, nil)
	inc.Files = []runtime.File{{Name: "config.yaml", Mode: 0o400, Content: secret.New("a secret")}}
	inc.Artifacts = []runtime.Artifact{jar, plugin}
	r.prepare(inc)
	want := "a secret\na job\na plugin\n" + l.Jars + "/job.jar:last\n"
	if got := r.awaitOutput(id, jobManager, ":last\n"); got != want {
		r.Errorf("it found %q, want %q", got, want)
	}
}

func wrongDigest(r *rig) {
	inc := r.incarnation(r.newID(), Script{Wait}, nil)
	source := filepath.Join(r.TempDir(), digest("a job")+".jar")
	if err := os.WriteFile(source, []byte("another"), 0o400); err != nil {
		r.Fatal(err)
	}
	inc.Artifacts = []runtime.Artifact{{Name: "job.jar", SHA256: digest("a job"), Source: source}}
	if err := r.Runtime.Prepare(r.ctx, inc); err == nil || !strings.Contains(err.Error(), "job.jar") {
		r.Errorf("got error %v, want one that names the artifact", err)
	}
	if s := r.observe(inc.ID).Process(jobManager).State; s != runtime.Absent {
		r.Errorf("the process is %s, want %s", s, runtime.Absent)
	}
	if err := os.WriteFile(source+"2", []byte("a job"), 0o400); err != nil {
		r.Fatal(err)
	}
	inc.Artifacts[0].Source = source + "2"
	r.prepare(inc) // once it is right, the same id goes on
	r.await(inc.ID, jobManager, runtime.Alive)
}

func environment(r *rig) {
	inc := r.incarnation(r.newID(), Script{Env, Stdin, Print("end"), Wait}, nil)
	inc.Processes[0].Env["ONLY"] = "this"
	r.prepare(inc)
	text := r.awaitOutput(inc.ID, jobManager, "end\n")
	if !strings.Contains(text, "ONLY=this\n") || !strings.Contains(text, "stdin has 0 bytes\n") {
		r.Errorf("it found %q", text)
	}
	if strings.Contains(text, "PATH=") {
		r.Errorf("the server's environment went to the process: %q", text)
	}
}
