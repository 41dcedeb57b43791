// Package s3 is an S3 service for tests: in the test's own process, in memory, gone with the test. It tells clients apart by their access key; it
// does not check what is signed.
package s3

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// What its one client signs with.
const (
	AccessKey = "test-access-key"
	SecretKey = "test-secret-key-which-nobody-may-see"
)

// Server is a service that runs.
type Server struct {
	URL string
	// Requests is how many were answered.
	Requests atomic.Int64
	buckets  []string
}

// Start starts one with empty buckets, at a listener; nil is any port of loopback.
func Start(t testing.TB, at net.Listener, buckets ...string) *Server {
	t.Helper()
	backend := s3mem.New()
	for _, name := range buckets {
		if err := backend.CreateBucket(name); err != nil {
			t.Fatal(err)
		}
	}
	s := &Server{buckets: buckets}
	fake := gofakes3.New(backend).Server()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Requests.Add(1)
		if !strings.Contains(r.Header.Get("Authorization"), "Credential="+AccessKey+"/") {
			refuse(w)
			return
		}
		fake.ServeHTTP(w, unchunked(r))
	}))
	if at != nil {
		_ = server.Listener.Close()
		server.Listener = at
	}
	server.Start()
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// unchunked is a request without AWS's own chunks, which are HTTP's, each with a signature: for parts of an upload the fake does not know them, and
// Hadoop sends them.
func unchunked(r *http.Request) *http.Request {
	const digest = "X-Amz-Content-Sha256"
	if !strings.HasPrefix(r.Header.Get(digest), "STREAMING-") {
		return r
	}
	length := r.Header.Get("X-Amz-Decoded-Content-Length")
	r.ContentLength, _ = strconv.ParseInt(length, 10, 64)
	r.Header.Set("Content-Length", length)
	r.Header.Set(digest, "UNSIGNED-PAYLOAD")
	r.Body = io.NopCloser(httputil.NewChunkedReader(r.Body))
	return r
}

func refuse(w http.ResponseWriter) {
	w.WriteHeader(http.StatusForbidden)
	_, _ = fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>InvalidAccessKeyId</Code><Message>There is no such key.</Message></Error>`)
}

// Credentials writes the file that a server of Drey reads them from.
func Credentials(t testing.TB, folder string) (file string) {
	t.Helper()
	file = filepath.Join(folder, "s3-credentials")
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", AccessKey, SecretKey)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Config is what a server's configuration must say of it, with a credentials file.
func (s *Server) Config(credentials string) string {
	return fmt.Sprintf("storage:\n  s3:\n    endpoint: %s\n    pathStyle: true\n    buckets: [%s]\n    credentials: %s\n", s.URL, strings.Join(s.buckets, ", "), credentials)
}
