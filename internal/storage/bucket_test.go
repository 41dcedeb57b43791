package storage

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"drey/internal/secret"
	"drey/test/s3"
)

// only mounts a service, without a file in it.
func only(t testing.TB, of S3) *Mounts {
	t.Helper()
	m, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Mount(t.Context(), of, filepath.Join(t.TempDir(), "copies")); err != nil {
		t.Fatal(err)
	}
	return m
}

// Whatever a URI names, nobody is asked but the service that was configured, and it only for its buckets.
func TestABucketThatIsNotConfiguredIsNeverAskedFor(t *testing.T) {
	t.Parallel()
	server := s3.Start(t, nil, "flink", "foreign")
	m := only(t, service(server, "flink"))
	for _, at := range []string{"s3://foreign/a", "s3a://flink/a", "gs://flink/a", "s3://169.254.169.254/latest/meta-data", "s3://localhost/a"} {
		_, err := m.Stat(t.Context(), uri(t, at))
		_, listed := m.List(t.Context(), uri(t, at))
		_, _, written := m.Put(t.Context(), uri(t, at), strings.NewReader("x"), 1)
		removed := m.RemoveAll(t.Context(), uri(t, at))
		for _, err := range []error{err, listed, written, removed} {
			if !errors.Is(err, ErrNotMounted) {
				t.Errorf("%s: got %v, want ErrNotMounted", at, err)
			}
		}
	}
	if n := server.Requests.Load(); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

// A copy of a bucket's file is for processes only: no URI of an account leads to it.
func TestCopiesAreInNoAccount(t *testing.T) {
	t.Parallel()
	m := inBucket(t)
	if _, err := m.Local(t.Context(), uri(t, bucketURI+"/a/b.txt")); err != nil {
		t.Fatal(err)
	}
	if there, err := m.Exists(t.Context(), uri(t, "abfs://flink@s3.dfs.core.windows.net/a/b.txt")); there || err != nil {
		t.Errorf("got %t, %v", there, err)
	}
}

// A server that has no copy, or lost it, gets one from the bucket; and what is removed there is removed here.
func TestACopyIsMadeAgainAndGoesWithItsFile(t *testing.T) {
	t.Parallel()
	m := inBucket(t)
	at := uri(t, bucketURI+"/a/b.txt")
	b := m.buckets["flink"]
	for range 2 {
		if _, err := m.Local(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if err := b.copies.RemoveAll(t.Context(), b.copy(at)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Local(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	if err := m.RemoveAll(t.Context(), uri(t, bucketURI+"/a")); err != nil {
		t.Fatal(err)
	}
	if file, err := m.Local(t.Context(), at); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %q, %v, want ErrNotFound", file, err)
	}
}

// What goes wrong is never taken for "nothing is there", from which a job would start without its state; and no secret is in it.
func TestTroubleOfTheServiceIsNotAbsence(t *testing.T) {
	t.Parallel()
	server := s3.Start(t, nil, "flink")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, server.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(elsewhere.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	const key = "another-secret"
	for why, tt := range map[string]struct {
		of   func(*S3)
		want string
	}{
		"no such bucket":              {func(of *S3) { of.Buckets = []string{"other"} }, "there is no such bucket"},
		"another key":                 {func(of *S3) { of.AccessKey, of.SecretKey = "other", secret.New(key) }, "InvalidAccessKeyId"},
		"a redirect":                  {func(of *S3) { of.Endpoint = elsewhere.URL }, ""},
		"a service that is not there": {func(of *S3) { of.Endpoint = gone.URL }, "refused"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			of := service(server, "flink")
			tt.of(&of)
			m := only(t, of)
			at := uri(t, "s3://"+of.Buckets[0]+"/chk-1")
			_, listed := m.List(t.Context(), at)
			_, _, written := m.Put(t.Context(), at, strings.NewReader("x"), 1)
			r, _, opened := m.Open(t.Context(), at)
			for doing, err := range map[string]error{"List": listed, "Put": written, "Open": opened} {
				switch {
				case err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), tt.want):
					t.Errorf("%s: got %v, want %q", doing, err, tt.want)
				case strings.Contains(err.Error(), s3.SecretKey) || strings.Contains(err.Error(), key):
					t.Errorf("%s: the error has a secret: %v", doing, err)
				}
			}
			if r != nil {
				_, _ = io.Copy(io.Discard, r)
				_ = r.Close()
			}
		})
	}
}
