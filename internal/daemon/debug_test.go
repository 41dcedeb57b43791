package daemon

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drey/internal/telemetry"
)

func TestMetricsAndProfilesWantTheKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, err := debugKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := debugHandler(key, telemetry.New("1").Handler())
	for why, tt := range map[string]struct {
		path, user, bearer string
		status             int
	}{
		"no key":                      {"/metrics", "", "", 401},
		"another key":                 {"/metrics", "", "x" + key, 401},
		"no key for what is not":      {"/nothing", "", "", 401},
		"as a bearer token":           {"/metrics", "", key, 200},
		"as a password":               {"/debug/pprof/heap", key, "", 200},
		"the list of profiles":        {"/debug/pprof/", key, "", 200},
		"nothing else is there":       {"/debug/vars", key, "", 404},
		"nor is what the front knows": {"/healthz", key, "", 404},
	} {
		r := httptest.NewRequest(http.MethodGet, tt.path, nil)
		if tt.user != "" {
			r.SetBasicAuth("", tt.user)
		}
		if tt.bearer != "" {
			r.Header.Set("Authorization", "Bearer "+tt.bearer)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.status || w.Code == http.StatusUnauthorized && strings.Contains(w.Body.String(), key) {
			t.Errorf("%s: got %d %.200s", why, w.Code, w.Body)
		}
	}
}

func TestTheKeyStaysAndIsOursAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := debugKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := debugKey(dir); err != nil || again != first {
		t.Errorf("got %q, %v; want %q", again, err, first)
	}
	file := filepath.Join(dir, debugKeyFile)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := debugKey(dir); err == nil {
		t.Errorf("an empty file makes the key %q", key)
	}
}

func TestTheDebugListenerServesUntilTheServerEnds(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	if d, err := openDebug(t.Context(), Config{}, nil, log); d != nil || err != nil {
		t.Errorf("switched off: got %v, %v", d, err)
	}
	c := Config{Data: t.TempDir(), Debug: Debug{Listen: "127.0.0.1:0"}}
	d, err := openDebug(t.Context(), c, telemetry.New("1"), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.run(ctx) }()
	address := "http://" + d.listener.Addr().String() + "/metrics"
	answer, err := http.Get(address)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err != nil || answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %v, %v", answer, err)
	}
	if _, err := http.Get(address); err == nil {
		t.Error("it answers after the server's end")
	}
}
