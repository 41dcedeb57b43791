package cli

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/daemon"
)

// connectionIn writes a connection to f into folder dir.
func (f *fake) connectionIn(t *testing.T, dir string) (file string) {
	t.Helper()
	return f.connectionWith(t, dir, "good")
}

func (f *fake) connectionWith(t *testing.T, dir, secret string) (file string) {
	t.Helper()
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(daemon.Connection{Endpoint: f.URL, CAFile: ca, TokenEndpoint: f.URL + "/t/oauth2/v2.0/token", ClientSecret: secret,
		SubscriptionID: "s", ResourceGroup: "dev", Pool: "local"})
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, daemon.ConnectionFile)
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// runIn runs a command line in folder dir.
func runIn(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &out, err: &errs, dir: dir, interrupts: t.Context()}
	code = a.run(t.Context(), args)
	return out.String(), errs.String(), code
}

func TestDownStopsTheJobsOfItsOwnDataDirectoryAndWaitsForThem(t *testing.T) {
	mine, other := newFake(t), newFake(t)
	here, data := t.TempDir(), t.TempDir()
	elsewhere := filepath.Join(here, ".drey")
	if err := os.Mkdir(elsewhere, 0o700); err != nil {
		t.Fatal(err)
	}
	otherFile := other.connectionIn(t, elsewhere)
	mine.connectionIn(t, data)
	for _, flags := range [][]string{nil, {"--connection", otherFile}, {"--no-wait"}} {
		mine.seen = nil
		_, stderr, code := runIn(t, here, append([]string{"down", "--stop-jobs", "--data", data}, flags...)...)
		if code != exitOK {
			t.Fatalf("%v: exit code %d: %s", flags, code, stderr)
		}
		stop := slices.Index(mine.seen, "POST /clusters/orders/runJob")
		if stop < 0 || !slices.Contains(mine.seen[stop:], "GET /operations/"+guidOfOp) {
			t.Errorf("%v: the server of --data saw %v, want a stop that is waited for", flags, mine.seen)
		}
	}
	if len(other.seen) != 0 {
		t.Errorf("another server was asked: %v", other.seen)
	}
}

func TestDownTellsWhichJobsRunOnInPods(t *testing.T) {
	for kind, want := range map[string]bool{"kubernetes": true, "local": false} {
		f := newFake(t)
		f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/about" {
				_, _ = w.Write([]byte(`{"targets":[{"name":"simulated","kind":"simulated"},{"name":"local","kind":"` + kind + `"}]}`))
				return
			}
			f.answer(w, r)
		})
		data := t.TempDir()
		f.connectionIn(t, data)
		_, stderr, code := runIn(t, t.TempDir(), "down", "--data", data)
		if got := strings.Contains(stderr, "these jobs run on, and the next `drey serve` finds them: local/orders."); code != exitOK || got != want {
			t.Errorf("%s: exit code %d, stderr %s", kind, code, stderr)
		}
	}
}

func TestDownEndsNothingWhenItCannotStopTheJobs(t *testing.T) {
	data := t.TempDir() // no connection: no server runs there
	_, stderr, code := runIn(t, t.TempDir(), "down", "--stop-jobs", "--data", data)
	if code != exitUnavailable || !strings.Contains(stderr, "nothing was ended") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

// logServer answers the log of one process, ten lines of which the last is not whole until somebody follows it.
func logServer(t *testing.T) (f *fake, asked *[]string) {
	t.Helper()
	f = newFake(t)
	f.Close()
	asked = &[]string{}
	text := ""
	for i := range 9 {
		text += fmt.Sprintf("line %d\n", i)
	}
	whole := text + "line 9, its end\n"
	text += "line 9,"
	f.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/logs"):
			_, _ = w.Write([]byte(`{"value":[{"name":"3f9a/jobmanager-0","properties":{"incarnation":"3f9a","process":"jobmanager-0","alive":true}}]}`))
		case strings.HasSuffix(r.URL.Path, "/logs/3f9a/jobmanager-0"):
			*asked = append(*asked, r.URL.Query().Get("cursor")+" "+r.URL.Query().Get("follow"))
			const older = 100 // bytes that are gone already
			var cursor int64
			_, _ = fmt.Sscan(r.URL.Query().Get("cursor"), &cursor)
			from := max(cursor, older)
			w.Header().Set("x-drey-cursor", fmt.Sprint(from))
			answer := text
			if r.URL.Query().Get("follow") == "true" {
				answer = whole
			}
			_, _ = w.Write([]byte(answer[from-older:]))
		default:
			f.answer(w, r)
		}
	}))
	t.Cleanup(f.Close)
	return f, asked
}

func TestLogs(t *testing.T) {
	lines := func(from int, last string) string {
		text := ""
		for i := from; i < 9; i++ {
			text += fmt.Sprintf("line %d\n", i)
		}
		return text + last + "\n"
	}
	for why, tt := range map[string]struct {
		args []string
		want string
	}{
		"all there is":          {nil, lines(0, "line 9,")},
		"the last lines":        {[]string{"-n", "3"}, lines(7, "line 9,")},
		"all, and what follows": {[]string{"-f"}, lines(0, "line 9, its end")},
		"the last lines, and what follows, each once":   {[]string{"-f", "-n", "2"}, lines(8, "line 9, its end")},
		"more last lines than there are":                {[]string{"-f", "-n", "50"}, lines(0, "line 9, its end")},
		"a process by its role, of an incarnation's id": {[]string{"--process", "jobmanager", "--incarnation", "3F", "-n", "1"}, "line 9,\n"},
	} {
		t.Run(why, func(t *testing.T) {
			f, asked := logServer(t)
			out, stderr, code := f.run(t, "good", append([]string{"logs", "orders"}, tt.args...)...)
			if code != exitOK {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			if diff := cmp.Diff(tt.want, out); diff != "" {
				t.Errorf("asked %v; output differs (-want +got):\n%s", *asked, diff)
			}
		})
	}
}

func TestAClusterThatGoesAwayWhileItIsListedIsNoError(t *testing.T) {
	for _, list := range []string{"cluster", "job"} {
		f := newFake(t)
		f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/jobs") {
				w.WriteHeader(http.StatusNotFound)
				_, _ = w.Write([]byte(`{"error":{"code":"ResourceNotFound","message":"gone"}}`))
				return
			}
			f.answer(w, r)
		})
		if _, stderr, code := f.run(t, "good", list, "list"); code != exitOK {
			t.Errorf("%s list: exit code %d: %s", list, code, stderr)
		}
	}
}

func TestAServerThatGoesAwayInTheWaitingLeavesTheWayBack(t *testing.T) {
	f := newFake(t)
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/operations/") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		f.answer(w, r)
	})
	_, stderr, code := f.run(t, "good", "job", "stop", "orders")
	if code != exitUnavailable || !strings.Contains(stderr, "operation wait "+guidOfOp) {
		t.Errorf("exit code %d, stderr %q, want %d and how to wait again", code, stderr, exitUnavailable)
	}
}

func TestARefusedRequestIsExitCode1AndShowsEachProblem(t *testing.T) {
	f := newFake(t)
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":{"code":"InvalidRequestContent","message":"2 problems were found.","details":[
				{"code":"InvalidMemory","target":"properties.a","message":"At least 1800 MB.","hint":"set 1800 or more"},{"code":"InvalidName","target":"name","message":"Letters only."}]}}`))
			return
		}
		f.answer(w, r)
	})
	_, stderr, code := f.run(t, "good", "cluster", "create", "orders", "--jar", "abfs://a@b/c.jar")
	if code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	for _, part := range []string{`Cannot create cluster "orders": 2 problems were found.`, "properties.a", "At least 1800 MB. [InvalidMemory]", "hint: set 1800 or more", "[InvalidName]"} {
		if !strings.Contains(stderr, part) {
			t.Errorf("stderr has no %q:\n%s", part, stderr)
		}
	}
}
