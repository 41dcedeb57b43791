package flink

import (
	"crypto/sha512"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mirror serves one archive, and answers in other ways at other paths.
func mirror(t *testing.T) (s *httptest.Server, sum string) {
	t.Helper()
	raw, err := os.ReadFile(tgz(t, "flink-2.3.0/", least...))
	if err != nil {
		t.Fatal(err)
	}
	sum = fmt.Sprintf("%x", sha512.Sum512(raw))
	clear := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(raw) }))
	t.Cleanup(clear.Close)
	files := http.NewServeMux()
	files.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha512") && !strings.HasPrefix(r.URL.Path, "/bare/") {
			_, _ = fmt.Fprintf(w, "%s  flink-2.3.0-bin.tgz\n", sum)
			return
		}
		http.NotFound(w, r)
	})
	for pattern, answer := range map[string]http.HandlerFunc{
		"/flink.tgz": func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				w.Header().Set("Content-Encoding", "gzip") // as some servers say of every .tgz
			}
			_, _ = w.Write(raw)
		},
		"/bare/flink.tgz": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(raw) },
		"/other.tgz":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(raw[:len(raw)-1]) },
		"/moved.tgz":      func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/flink.tgz", http.StatusFound) },
		"/clear.tgz": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, clear.URL+"/flink.tgz", http.StatusFound)
		},
		"/round.tgz": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round.tgz", http.StatusFound) },
		"/huge.tgz": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99999999999")
			w.WriteHeader(200)
		},
		"/cut.tgz": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			_, _ = w.Write(raw)
		},
	} {
		files.HandleFunc(pattern, answer)
	}
	s = httptest.NewTLSServer(files)
	t.Cleanup(s.Close)
	return s, sum
}

func TestAReleaseIsInstalledFromAURL(t *testing.T) {
	s, sum := mirror(t)
	for why, tt := range map[string]struct {
		url, sha512, want string
	}{
		"its digest lies beside it":          {s.URL + "/flink.tgz?token=secret", "", ""},
		"its digest is named":                {s.URL + "/bare/flink.tgz", sum, ""},
		"it has moved":                       {s.URL + "/moved.tgz", "", ""},
		"nobody tells its digest":            {s.URL + "/bare/flink.tgz", "", "give --sha512 or --sha256"},
		"it has another digest":              {s.URL + "/other.tgz", "", "has the SHA-512"},
		"another digest is named":            {s.URL + "/flink.tgz", strings.Repeat("0", 128), "has the SHA-512"},
		"it is not encrypted":                {strings.Replace(s.URL, "https", "http", 1) + "/flink.tgz", sum, "https:// URLs and no others"},
		"it has moved to an unencrypted one": {s.URL + "/clear.tgz", sum, "redirects to something else than https"},
		"it moves without end":               {s.URL + "/round.tgz", sum, "redirects without end"},
		"it is not there":                    {s.URL + "/gone.tgz", sum, "404 Not Found"},
		"it is no archive":                   {s.URL + "/flink", sum, "is no .tgz"},
		"it is too large":                    {s.URL + "/huge.tgz", sum, "more than the 2147483648 that are allowed"},
		"it breaks off":                      {s.URL + "/cut.tgz", sum, "unexpected EOF"},
	} {
		t.Run(why, func(t *testing.T) {
			d := Distributions{t.TempDir()}
			var last Progress
			dist, err := install(t, d, tt.url, func(in *Installation) {
				in.SHA512, in.Transport = tt.sha512, s.Client().Transport
				in.Progress = func(p Progress) {
					if strings.HasPrefix(p.Text, "downloading") {
						last = p
					}
				}
			})
			if tt.want == "" {
				if err != nil || strings.Contains(dist.Source, "secret") || last.Total == 0 || last.Done != last.Total {
					t.Errorf("got %+v, %v; the last progress was %+v", dist, err, last)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			leftIn(t, d)
		})
	}
}

func TestADownloadOfUnknownLengthEndsAtTheLimit(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush() // no Content-Length
		_, _ = w.Write(make([]byte, 100))
	}))
	defer s.Close()
	r, err := http.NewRequest(http.MethodGet, s.URL+"/x.tgz", nil)
	if err != nil {
		t.Fatal(err)
	}
	for most, want := range map[int64]string{100: "", 99: "more than the 99 bytes"} {
		err := download(t.Context(), s.Client(), *r.URL, filepath.Join(t.TempDir(), "x"), most, quiet)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("at most %d: got %v", most, err)
		}
	}
}

func TestDownloadsUseTheProxyOfTheEnvironment(t *testing.T) {
	c := (&installer{}).client()
	if transport, ok := c.Transport.(*http.Transport); !ok || transport.Proxy == nil {
		t.Errorf("the transport is %v", c.Transport)
	}
}
