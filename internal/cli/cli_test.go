package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const guidOfOp = "7c1f20aa-0000-4000-a000-000000000001"

// fake is a server with canned answers.
type fake struct {
	*httptest.Server
	outcome string // of every operation
	job     string // actionResult of the job
	plan    string // answer to planJob
	fault   string // of an operation that failed
	lines   string // of every operation's log
	seen    []string
	bodies  map[string]string      // last body of each path
	headers map[string]http.Header // with it
	etag    string                 // of the cluster

	provisioning string // of the cluster

	stdin       string // of the program
	interrupted bool   // the program was told to end before it began
	looks       int    // at the cluster that is about to go
}

const poolID = "/subscriptions/s/resourceGroups/dev/providers/Microsoft.HDInsight/clusterpools/local"

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{outcome: "Succeeded", provisioning: "Succeeded", job: "SUCCESS", plan: `{"ways":[]}`, lines: "[]", bodies: map[string]string{}, headers: map[string]http.Header{},
		fault: `{"code":"SavepointFailed","message":"2 of 24 tasks did not answer.","hint":"try again"}`}
	f.Server = httptest.NewTLSServer(http.HandlerFunc(f.answer))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) answer(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, poolID)
	f.seen = append(f.seen, r.Method+" "+path)
	if r.Header.Get("Content-Type") == "application/json" {
		body, _ := io.ReadAll(r.Body)
		f.bodies[path], f.headers[path] = string(body), r.Header
	}
	say := func(status int, text string) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("x-ms-request-id", "6b0c0000-0000-4000-a000-000000000000")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
	cluster := `{"id":"` + poolID + `/clusters/orders","name":"orders","location":"local","tags":{"team":"flink"},"systemData":{"createdAt":"2026-11-22T12:00:00Z"},"properties":{"deploymentId":"d1","provisioningState":"` + f.provisioning + `","clusterType":"Flink","status":"Running",
		"computeProfile":{"nodes":[]},"clusterProfile":{"clusterVersion":"1.2.2","ossVersion":"2.3.0","components":[{"name":"Flink","version":"2.3.0"}],"authorizationProfile":{}},
		"observed":{"job":{"status":"RUNNING"},"taskManagers":1}}}`
	job := `{"id":"x","properties":{"jobType":"FlinkJob","jobName":"orders","jarName":"job.jar","status":"RUNNING","action":"STOP","actionResult":"` + f.job + `","jobOutput":"told so"}}`
	async := func() {
		w.Header().Set("Azure-AsyncOperation", f.URL+"/providers/Microsoft.HDInsight/locations/LOCAL/operationStatuses/"+guidOfOp+"*ABC?api-version=2026-11-01")
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/token"):
		if r.FormValue("client_secret") != "good" {
			say(401, `{"error":"invalid_client","error_description":"the secret is wrong"}`)
			return
		}
		say(200, `{"access_token":"t","expires_in":3600}`)
	case f.more(w, r, path, say, async):
	case path == "/clusters/orders/jobs":
		say(200, `{"value":[`+job+`]}`)
	case path == "/clusters/orders/incarnations":
		say(200, `{"value":[`+incarnations+`]}`)
	case path == "/clusters/orders/declareDead":
		say(200, `{"value":[{"name":"2b2b000011112222","properties":{"id":"2b2b000011112222","version":2,"phase":"Live","declaredDeadBy":"p1","declaredDeadAt":"2026-11-25T12:00:00Z"}}]}`)
	case path == "/clusters/orders/versions":
		say(200, `{"value":[`+version3+`,`+version2+`,`+version1+`]}`)
	case path == "/clusters/orders/versions/2":
		say(200, version2)
	case path == "/clusters/orders/planJob":
		say(200, f.plan)
	case path == "/clusters/orders" && r.Method == http.MethodDelete, path == "/clusters/orders/runJob", path == "/clusters/orders/versions/1/rollback":
		async()
		say(202, "null")
	case path == "/clusters/orders":
		if f.etag != "" {
			w.Header().Set("ETag", f.etag)
		}
		say(200, cluster)
	case path == "/clusters":
		say(200, `{"value":[`+cluster+`]}`)
	case path == "/clusters/busy/runJob":
		say(409, `{"error":{"code":"AnotherOperationInProgress","message":"Another operation (job.stop) is in progress.","hint":"wait for it","operationId":"`+guidOfOp+`"}}`)
	case path == "/clusters/secret":
		say(403, `{"error":{"code":"AuthorizationFailed","message":"not allowed"}}`)
	case path == "/operations/"+guidOfOp:
		end, fault := `"endTime":"2026-11-25T12:00:01Z",`, ""
		if f.outcome == "Accepted" {
			end = ""
		}
		if f.outcome == "Failed" {
			fault = `"error":` + f.fault + `,`
		}
		say(200, `{"name":"`+guidOfOp+`","properties":{"resourceId":"x","kind":"job.stop","lane":"caller","status":"`+f.outcome+`",`+end+fault+`"step":"await","lines":`+f.lines+`,"startTime":"2026-11-25T12:00:00Z","percentComplete":50}}`)
	case r.URL.Path == "/about":
		say(200, `{"version":"1","distributions":["2.3.0"],"minimumMemoryMB":512}`)
	default:
		say(404, `{"error":{"code":"ResourceNotFound","message":"There is no such thing."}}`)
	}
}

// run runs a command line against the server.
func (f *fake) run(t *testing.T, secret string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	dir := t.TempDir()
	file := f.connectionWith(t, dir, secret)
	var out, errs bytes.Buffer
	a := f.app(t, dir)
	a.out, a.err = &out, &errs
	code = a.run(a.interrupts, append([]string{"--connection", file}, args...))
	return out.String(), errs.String(), code
}

// app is a program without a terminal, at noon.
func (f *fake) app(t *testing.T, dir string) *app {
	a := &app{in: strings.NewReader(f.stdin), out: io.Discard, err: io.Discard, dir: dir, interrupts: t.Context(), now: noon}
	if f.interrupted {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		a.interrupts = ctx
	}
	return a
}

func declaring(text string) func(*fake) { return func(f *fake) { f.stdin = text } }

func TestEachExitCodeMeansWhatTheTableSays(t *testing.T) {
	met := map[int]bool{}
	for why, tt := range map[string]struct {
		outcome, job, secret string
		args                 []string
		code                 int
		says                 string // on stderr
		before               func(*fake)
	}{
		"done":                            {"Succeeded", "SUCCESS", "good", []string{"job", "stop", "orders"}, exitOK, "state=Succeeded", nil},
		"accepted, with --no-wait":        {"Accepted", "", "good", []string{"job", "stop", "orders", "--no-wait"}, exitOK, "", nil},
		"a tag without a value":           {"Succeeded", "SUCCESS", "good", []string{"cluster", "create", "orders", "--jar", "abfs://a@b/c.jar", "--client-token", "x", "--conf", "k=v", "--tag", "x"}, exitUsage, "key=value", nil},
		"an unknown flag":                 {"", "", "good", []string{"cluster", "list", "--outptu", "json"}, exitUsage, "did you mean --output?", nil},
		"an unknown command":              {"", "", "good", []string{"clutser", "list"}, exitUsage, "did you mean `drey cluster`?", nil},
		"a missing argument":              {"", "", "good", []string{"job", "stop"}, exitUsage, "CLUSTER is missing", nil},
		"a version that is no number":     {"", "", "good", []string{"cluster", "version", "rollback", "orders", "newest"}, exitUsage, "no number", nil},
		"a version that is not there":     {"", "", "good", []string{"cluster", "version", "diff", "orders", "9"}, exitNotFound, `no version "9"`, nil},
		"too many versions":               {"", "", "good", []string{"cluster", "version", "diff", "orders", "1", "2", "3"}, exitUsage, "unexpected argument", nil},
		"a flag that relaunch cannot use": {"", "", "good", []string{"job", "relaunch", "orders", "--jar", "abfs://a@b/c.jar"}, exitUsage, "unknown flag", nil},
		"no such cluster":                 {"", "", "good", []string{"cluster", "show", "nobody"}, exitNotFound, "There is no such thing.", nil},
		"not signed in":                   {"", "", "bad", []string{"cluster", "list"}, exitDenied, "the secret is wrong", nil},
		"not allowed":                     {"", "", "good", []string{"cluster", "show", "secret"}, exitDenied, "not allowed", nil},
		"a busy cluster":                  {"", "", "good", []string{"job", "stop", "busy"}, exitConflict, "drey operation show 7c1f20aa", nil},
		"the operation failed":            {"Failed", "FAILED", "good", []string{"job", "stop", "orders"}, exitOperation, "2 of 24 tasks did not answer.", nil},
		"the job says that it failed":     {"Succeeded", "FAILED", "good", []string{"job", "stop", "orders"}, exitOperation, "told so", nil},
		"it takes too long":               {"Accepted", "", "good", []string{"job", "stop", "orders", "--timeout", "200ms"}, exitTimeout, "the operation goes on", nil},
		"a delete that nobody confirmed":  {"", "", "good", []string{"cluster", "delete", "orders"}, exitUsage, "--yes", nil},
		"refused":                         {"", "", "good", []string{"cluster", "resize", "refused", "2"}, exitFailed, "At least 1 worker.", nil},
		"nothing to upgrade to":           {"", "", "good", []string{"cluster", "upgrade", "run", "refused"}, exitFailed, "no newer version of the same line", nil},
		"a context that is not there":     {"", "", "good", []string{"context", "use", "nowhere"}, exitUsage, "there is no context", nil},
		"an unknown form":                 {"", "", "good", []string{"cluster", "list", "-o", "xml"}, exitUsage, "is none of table, wide, json, jsonl, yaml, tsv, name, none", nil},
		"a query that is none":            {"", "", "good", []string{"cluster", "list", "--query", "[?"}, exitUsage, "is no JMESPath", nil},
		"a file that is none":             {"", "", "good", []string{"apply", "-f", "nothing.yaml"}, exitUsage, "there is no file or folder", nil},
		"a plan that is another by now":   {"", "", "good", []string{"apply", "-f", "-", "--plan", "5e77"}, exitConflict, "nothing was done", declaring(newCluster)},
		"differences":                     {"", "", "good", []string{"plan", "-f", "-", "--exit-code"}, exitDiffers, "", declaring(newCluster)},
		"differences that nobody asks of": {"", "", "good", []string{"diff", "-f", "-"}, exitOK, "", declaring(newCluster)},
		"a server that is not there":      {"", "", "good", []string{"cluster", "list"}, exitUnavailable, "drey serve", func(f *fake) { f.Close() }},
		"interrupted":                     {"", "", "good", []string{"cluster", "list"}, exitInterrupted, "interrupted", func(f *fake) { f.interrupted = true }},
	} {
		met[tt.code] = true
		t.Run(why, func(t *testing.T) {
			f := newFake(t)
			f.outcome, f.job = tt.outcome, tt.job
			if tt.before != nil {
				tt.before(f)
			}
			_, stderr, code := f.run(t, tt.secret, tt.args...)
			if code != tt.code || !strings.Contains(stderr, tt.says) {
				t.Errorf("exit code %d, want %d; stderr %q, want %q in it", code, tt.code, stderr, tt.says)
			}
		})
	}
	for code := range exitCodes {
		if !met[code] {
			t.Errorf("no case ends with exit code %d", code)
		}
	}
}

func TestCtrlCEndsTheWaitingOnly(t *testing.T) {
	f := newFake(t)
	f.outcome = "Accepted"
	ctx, cancel := context.WithCancel(t.Context())
	polled := make(chan struct{})
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.answer(w, r)
		if strings.Contains(r.URL.Path, "/operations/") {
			select {
			case <-polled:
			default:
				close(polled)
			}
		}
	})
	go func() { <-polled; cancel() }()
	var errs bytes.Buffer
	dir := t.TempDir()
	a := f.app(t, dir)
	a.err, a.interrupts = &errs, ctx
	code := a.run(ctx, []string{"--connection", f.connectionIn(t, dir), "job", "stop", "orders"})
	if code != exitInterrupted || !strings.Contains(errs.String(), "operation wait "+guidOfOp) {
		t.Errorf("exit code %d, stderr %q", code, errs.String())
	}
}

func TestOutputIsForPeopleOrForScripts(t *testing.T) {
	f := newFake(t)
	out, _, code := f.run(t, "good", "cluster", "list")
	want := "NAME    PHASE    JOB      FLINK  TM  LAST ACTION   AGE\norders  Running  RUNNING  2.3.0  1   STOP success  3d\n"
	if code != 0 || out != want {
		t.Errorf("exit code %d, got\n%s\nwant\n%s", code, out, want)
	}
	out, _, _ = f.run(t, "good", "cluster", "list", "-o", "json")
	var list []struct{ Name string }
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 || list[0].Name != "orders" {
		t.Errorf("the JSON is %s: %v", out, err)
	}
	_, stderr, code := f.run(t, "good", "cluster", "show", "nobody", "-o", "json")
	var e struct {
		Error struct {
			Code      string
			RequestID string
			ExitCode  int
		}
	}
	if err := json.Unmarshal([]byte(stderr), &e); err != nil || e.Error.Code != "ResourceNotFound" || e.Error.ExitCode != code || e.Error.RequestID == "" {
		t.Errorf("the error is %s: %v", stderr, err)
	}
}

func TestEveryCommandShowsExamplesFirst(t *testing.T) {
	for _, c := range commandsBelow(newFake(t).app(t, t.TempDir()).root()) {
		words := strings.Fields(c.CommandPath())[1:]
		out, stderr, code := runIn(t, t.TempDir(), append(words, "--help")...)
		if code != 0 {
			t.Errorf("%s --help: exit code %d, %s", c.CommandPath(), code, stderr)
		}
		example, usage := strings.Index(out, "\n  "+c.CommandPath()), strings.Index(out, "Usage:")
		if c.Example == "" || example < 0 || example > usage {
			t.Errorf("%s --help does not begin with an example:\n%s", c.CommandPath(), out)
		}
	}
}
