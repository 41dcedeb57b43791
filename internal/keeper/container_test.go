package keeper

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// box is a keeper as the first process of a container is, but for the container.
type box struct {
	*testing.T
	folder string
	gate   string
	out    bytes.Buffer
	cmd    *exec.Cmd
	client *Client
}

const boxKey = "a key of at least thirty-two letters"

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// newBox starts a keeper whose process is a shell script; it waits for each of the artifacts, at $FOLDER/artifacts/<name>.
func newBox(t *testing.T, script string, artifacts ...Artifact) *box {
	t.Helper()
	b := &box{T: t, folder: t.TempDir()}
	b.gate = b.path("gate")
	for i, a := range artifacts {
		artifacts[i].Path = b.path("artifacts/" + a.Path)
	}
	address := freeAddress(t)
	in := Input{
		Version: Version, Incarnation: "i", Process: "jobmanager-0", Args: []string{"/bin/sh", "-c", script, "@address", "--", "@address"},
		Env: map[string]string{"GATE": b.gate, "FOLDER": b.folder, "PATH": "/bin:/usr/bin"}, Folder: b.path("work"), Gate: b.gate,
		Container: &Container{Folder: b.path("run"), Listen: address, Folders: []string{b.gate}, Artifacts: artifacts,
			Message: b.path("message"), Address: "POD_IP", Inherit: []string{"INHERITED", "GATE", "MISSING"}},
	}
	if err := WriteJSON(b.path(InputFile), 0o600, in); err != nil {
		t.Fatal(err)
	}
	put(t, b.folder, KeyFile, boxKey)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b.cmd = exec.Command(self, "container")
	b.cmd.Env, b.cmd.Stderr = []string{"CONFIG=" + b.folder, "POD_IP=10.1.2.3", "INHERITED=from the pod", "GATE=elsewhere", "OTHER=not for it"}, &b.out
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.cmd.Process.Kill() })
	b.client = b.with(boxKey, address)
	b.until("it answers", func() bool { _, err := b.client.Status(limited(t)); return err == nil })
	return b
}

func (b *box) path(name string) string { return filepath.Join(b.folder, name) }

func (b *box) with(key, address string) *Client {
	transport := &http.Transport{TLSClientConfig: Pinned(key)}
	b.Cleanup(transport.CloseIdleConnections)
	return NewClient("https://"+address, Bearer(key), transport)
}

func (b *box) until(what string, ok func() bool) {
	b.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			b.Fatalf("waited in vain until %s; it said %q", what, b.out.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// change waits until the keeper tells of something new.
func (b *box) change(until func(Status) bool) Status {
	b.Helper()
	seen := ""
	for {
		s, err := b.client.Change(limited(b.T), seen, 20*time.Second)
		if err != nil {
			b.Fatal(err)
		}
		if until(s) {
			return s
		}
		seen = s.Mark()
	}
}

// code waits for the end of the container.
func (b *box) code() int {
	b.Helper()
	_ = b.cmd.Wait()
	return b.cmd.ProcessState.ExitCode()
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestAContainerStartsItsProcessOnceAllArtifactsAreThere(t *testing.T) {
	t.Parallel()
	b := newBox(t, `cat $FOLDER/artifacts/one $FOLDER/artifacts/two; echo " $0 $2"; exit 5`,
		Artifact{"one", sum("a jar")}, Artifact{"two", sum("a jar")}, Artifact{"three", sum("another")})
	if s, err := b.client.Status(limited(t)); err != nil || len(s.Missing) != 2 || s.PID != 0 {
		t.Fatalf("at first it says %+v, %v", s, err)
	}
	bring := func(digest, text string) error {
		return b.client.Bring(limited(t), digest, strings.NewReader(text), int64(len(text)))
	}
	if err := bring(sum("another"), "forged"); err == nil {
		t.Error("it took a file with another digest")
	}
	for _, text := range []string{"a jar", "another", "another"} {
		if err := bring(sum(text), text); err != nil {
			t.Fatal(err)
		}
	}
	s := b.change(func(s Status) bool { return s.Exit != nil })
	if s.Exit.Code != 5 || s.LogStart != 7 {
		t.Errorf("it ended as %+v", s)
	}
	logs, begin, err := b.client.Logs(limited(t), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	text, _ := io.ReadAll(logs)
	if want := "a jara jar 10.1.2.3 @address\n"; begin != 7 || string(text) != want {
		t.Errorf("it wrote %q from %d, want %q from 7", text, begin, want)
	}
	if _, err := b.client.Status(limited(t)); err != nil {
		t.Errorf("reading its output let it go: %v", err)
	}
	if err := b.client.Dismiss(limited(t)); err != nil {
		t.Fatal(err)
	}
	if code := b.code(); code != 5 {
		t.Errorf("the container ended with %d, want 5", code)
	}
	message, _ := os.ReadFile(b.path("message"))
	if e, ok := ReadMessage(string(message)); !ok || e.Code != 5 {
		t.Errorf("the kubelet keeps %q", message)
	}
}

func TestAProcessHasOfItsContainersEnvironmentWhatItShall(t *testing.T) {
	t.Parallel()
	b := newBox(t, `echo "$INHERITED,$GATE,${MISSING-none},${OTHER-none}"`)
	b.change(func(s Status) bool { return s.Exit != nil })
	logs, _, err := b.client.Logs(limited(t), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	text, _ := io.ReadAll(logs)
	if want := "from the pod," + b.gate + ",none,none\n"; string(text) != want {
		t.Errorf("it has %q, want %q", text, want)
	}
	_ = b.client.Dismiss(limited(t))
}

func TestWhoHasAnotherKeyIsNotAnsweredAndNotSpokenTo(t *testing.T) {
	t.Parallel()
	b := newBox(t, "sleep 600")
	other := strings.Repeat("x", 40)
	if _, err := b.with(other, b.address()).Status(limited(t)); err == nil || !strings.Contains(err.Error(), "another incarnation") {
		t.Errorf("a client with another key got %v", err)
	}
	transport := &http.Transport{TLSClientConfig: Pinned(boxKey)}
	defer transport.CloseIdleConnections()
	_, err := NewClient("https://"+b.address(), Bearer(other), transport).Status(limited(t))
	if refused := (*Refused)(nil); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("another token got %v", err)
	}
}

func (b *box) address() string { return strings.TrimPrefix(b.client.base, "https://") }

func TestAContainerThatIsToldToEndKillsItsProcessAtOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t, `trap "" TERM; echo up; while :; do sleep 1; done`)
	b.until("it runs", func() bool { s, err := b.client.Status(limited(t)); return err == nil && s.LogEnd == 10 })
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s := b.change(func(s Status) bool { return s.Exit != nil })
	if s.Exit.Signal != int(syscall.SIGKILL) {
		t.Errorf("it ended as %+v", s.Exit)
	}
	if err := b.client.Dismiss(limited(t)); err != nil {
		t.Fatal(err)
	}
	if code := b.code(); code != 137 {
		t.Errorf("the container ended with %d, want 137", code)
	}
}

func TestAContainerThatWaitsForItsArtifactsCanBeKilled(t *testing.T) {
	t.Parallel()
	b := newBox(t, "echo never", Artifact{"one", sum("a jar")})
	if err := b.client.Dismiss(limited(t)); err == nil {
		t.Error("it was dismissed before its end")
	}
	if err := b.client.Kill(limited(t)); err != nil {
		t.Fatal(err)
	}
	if code := b.code(); code != 137 {
		t.Errorf("the container ended with %d, want 137", code)
	}
	if _, err := os.Stat(b.path("run/" + RunningFile)); err == nil {
		t.Error("its process was started")
	}
}

func TestAContainerReleasesItsGateAndTellsOfIt(t *testing.T) {
	t.Parallel()
	b := newBox(t, `echo '{"at":1}' >$GATE/.r; mv $GATE/.r $GATE/ready; printf words >$GATE/report; while [ ! -e $GATE/order ]; do sleep 0.01; done
		echo '{"at":1}' >$GATE/.o; mv $GATE/.o $GATE/opened; sleep 600`)
	b.change(func(s Status) bool { return s.Gate.Gate == ReadyFile })
	b.until("its report is there", func() bool {
		report, err := b.client.Report(limited(t), 5)
		return err == nil && string(report) == "words"
	})
	if err := b.client.Release(limited(t), []byte("one")); err != nil {
		t.Fatal(err)
	}
	s := b.change(func(s Status) bool { return s.Gate.Gate == OpenedFile })
	if s.OrderDigest != sum("one") {
		t.Errorf("it was released with %q", s.OrderDigest)
	}
}
