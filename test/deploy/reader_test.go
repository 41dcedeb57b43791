package deploy

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// reader is somebody who follows the manual: with a home of their own, drey, kubectl, and what stands for programs that are not here.
type reader struct {
	env []string
}

// stands are programs that the manual names, done with what the tests have: $kt is the tests' own cluster tool, tools/helm renders charts as
// Helm does, and applies nothing.
var stands = map[string]string{
	"kind": `[ "$1 $2" = "load image-archive" ] && HOME=$dreyHome exec $kt load "$3"`,
	"helm": `# upgrade --install drey CHART -n NAMESPACE -f VALUES
[ "$1 $2 $3 $5 $7" = "upgrade --install drey -n -f" ] || exit 2
chart=$(realpath "$4") values=$(realpath "$8")
HOME=$dreyHome go run -C tools/helm . "$chart" "$6" "$values" | kubectl apply -f -`,
}

func newReader(t *testing.T) reader {
	t.Helper()
	home, programs, kt := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "kt")
	output(t, "go", "build", "-o", kt, "drey/test/kube/cmd/kt")
	for name, text := range stands {
		if err := os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	bin, err := filepath.Abs(root + "/bin")
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME=", "DREY_CONFIG=", "DREY_CONNECTION=", "KUBECONFIG="+cluster.Kubeconfig(), "MAKEFLAGS=", "MAKELEVEL=",
		"kt="+kt, "dreyHome="+os.Getenv("HOME"), "PATH="+strings.Join([]string{programs, bin, cluster.Program(""), os.Getenv("PATH")}, ":"))
	for _, name := range []string{"GOPATH", "GOCACHE", "GOMODCACHE"} { // they lie below the real home
		env = append(env, name+"="+strings.TrimSpace(output(t, "go", "env", name)))
	}
	return reader{env: env}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// read runs a script in the repository's folder, for so long at most. What it leaves in the background ends with it.
func (r reader) read(t *testing.T, script string, most time.Duration) (string, error) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out")) // a file: what stays in the background holds it open
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-eu", "-o", "pipefail", "-c", script)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = root, r.env, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err = cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("it was not done after %v", most)
	}
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	said, readErr := os.ReadFile(out.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(said), err
}
