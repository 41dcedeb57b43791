package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drey/test/s3"
)

// onS3 starts a server that has the buckets jobs and state of an S3 service.
func onS3(t testing.TB) *server {
	t.Helper()
	s := prepareServer(t, env(t, "DREY_TEST_BIN"))
	var at net.Listener
	if kubernetes != nil { // where pods find it
		var err error
		if at, err = kubernetes.Listen(); err != nil {
			t.Fatal(err)
		}
	}
	service := s3.Start(t, at, "jobs", "state")
	s.ports += service.Config(s3.Credentials(t, filepath.Dir(s.dir)))
	s.write("gate:\n  minimumSeconds: 0\n  maximumSeconds: 120\nrecovery:\n  budget: 3\n  backoffSeconds: 1\n")
	s.start()
	return s
}

// A bucket is as good as a folder for all that a cluster has: its jar, its checkpoints, its savepoints. And nobody is told the credentials.
func TestALifeOnS3(t *testing.T) {
	s := onS3(t)
	s.must("storage", "put", jar(t, "witness.jar"), "s3://jobs/orders/witness.jar")
	w, r := s.witness("orders", false, "--jar", "s3://jobs/orders/witness.jar", "--storage-uri", "s3://state")
	if r.code != 0 {
		t.Fatalf("create: %s", r.err)
	}
	w.grows(300)
	s.tellsNoSecret(s3.SecretKey)

	s.must("job", "update", "orders")
	w.oneCopy("after the update", 1)
	w.clean("after the update", false)
	if from := w.starts()[0].Properties.RestoredFrom; !strings.HasPrefix(from, "s3://state/") || !strings.Contains(from, "/savepoint-") {
		t.Errorf("the update went on from %q", from)
	}

	w.grows(600)
	living := w.starts()[0]
	w.signal(living.Name+"/jobmanager-0", false)
	last := w.last()
	w.until("a new incarnation runs", func() bool { return w.starts()[0].Name != living.Name && w.settled() && w.last() > last })
	from := w.starts()[0].Properties.RestoredFrom
	if !strings.HasPrefix(from, "s3://state/") || !strings.Contains(from, "/"+living.Properties.FlinkJobID+"/chk-") {
		t.Errorf("the recovery went on from %q", from)
	}
	w.repeats(living.Name, w.held(from)+1)
	w.mayRepeat(1)
	w.clean("after the recovery", false)

	s.must("job", "stop", "orders")
	newest := read[[]savepoint](s, "savepoint", "list", "orders")[0].Properties
	if !newest.Complete || !strings.HasPrefix(newest.URI, "s3://state/") {
		t.Errorf("the newest savepoint is %+v", newest)
	}
	s.must("job", "start", "orders", "--savepoint", newest.URI)
	w.grows(100)
	s.tellsNoSecret(s3.SecretKey)
	if bad := s.cli("job", "update", "orders", "--jar", "s3://foreign/witness.jar"); bad.code == 0 || !strings.Contains(bad.err, "The bucket is none of those") {
		t.Errorf("a bucket of others: exit code %d\n%s", bad.code, bad.err)
	}
	s.must("cluster", "delete", "orders", "--purge", "checkpoints,savepoints", "--yes")
	w.clean("at the end", false)
	if left := read[[]struct{ URI string }](s, "storage", "ls", "s3://state/"); len(left) > 0 {
		t.Errorf("a purge leaves %v", left)
	}
}

// tellsNoSecret looks for a secret where others could see it: in command lines, in configurations, in the log, and in what a JobManager answers
// to everybody.
func (s *server) tellsNoSecret(secret string) {
	s.t.Helper()
	var files []string
	for pid := range s.processes() {
		files = append(files, fmt.Sprintf("/proc/%d/cmdline", pid))
	}
	configs, err := filepath.Glob(filepath.Join(s.dir, "run", "*", "conf", "*"))
	if err != nil {
		s.t.Fatal(err)
	}
	answers := 0
	for _, file := range append(append(files, configs...), s.stderr.Name()) {
		text, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(text), secret) {
			s.t.Errorf("the secret is in %s", file)
		}
		if s.target == nil && strings.HasSuffix(file, "/config.yaml") {
			answers += s.restTellsNot(string(text), secret)
		}
	}
	if s.target == nil && answers == 0 {
		s.t.Error("no JobManager answered")
	}
}

// restTellsNot asks the JobManager of a configuration, and says how often it answered.
func (s *server) restTellsNot(config, secret string) (answers int) {
	s.t.Helper()
	_, port, _ := strings.Cut(config, `"rest.port": "`)
	port, _, _ = strings.Cut(port, `"`)
	for _, path := range []string{"/config", "/jobmanager/config", "/jobmanager/environment", "/jobmanager/log", "/taskmanagers"} {
		answer, err := http.Get("http://127.0.0.1:" + port + path)
		if err != nil {
			continue // of an incarnation that has ended
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			s.t.Fatal(err)
		}
		if strings.Contains(string(text), secret) {
			s.t.Errorf("a JobManager tells the secret at %s", path)
		}
		answers++
	}
	return answers
}
