package daemon

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"strings"
	"time"

	"drey/internal/telemetry"
)

// debugKeyFile holds the key to metrics and profiles, below the data directory. Other people of this machine reach the address too.
const debugKeyFile = "debug-key"

// debugKey reads the key, and makes it the first time.
func debugKey(dir string) (string, error) {
	file := filepath.Join(dir, debugKeyFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text())
		err = writeFile(file, text, 0o600)
	}
	key := strings.TrimSpace(string(text))
	if err == nil && len(key) < 16 {
		err = errors.New("it is too short to be one; remove it, and a new one is made")
	}
	if err != nil {
		return "", fmt.Errorf("cannot load %s: %w", debugKeyFile, err)
	}
	return key, nil
}

// debugHandler serves metrics and profiles to whoever has the key, as a bearer token or as a password (which go tool pprof can send).
func debugHandler(key string, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, sent, _ := r.BasicAuth()
		if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
			sent = token
		}
		if subtle.ConstantTimeCompare([]byte(sent), []byte(key)) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="drey debug"`)
			http.Error(w, "the key in "+debugKeyFile+" of the data directory is wanted, as a bearer token or a password", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// debugServer answers metrics and profiles; nil if it is switched off.
type debugServer struct {
	server   *http.Server
	listener net.Listener
}

func openDebug(ctx context.Context, c Config, m *telemetry.Metrics, log *slog.Logger) (*debugServer, error) {
	if c.Debug.Listen == "" {
		return nil, nil
	}
	key, err := debugKey(c.Data)
	if err != nil {
		return nil, err
	}
	l, err := listen(ctx, c.Debug.Listen)
	if err != nil {
		return nil, fmt.Errorf("debug.listen: %w", err)
	}
	log.InfoContext(ctx, "metrics and profiles are served", "address", l.Addr().String())
	server := &http.Server{Handler: debugHandler(key, m.Handler()), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: headerBytes, ErrorLog: telemetry.Lines(log, "the debug server says")}
	return &debugServer{server, l}, nil
}

// run serves until ctx ends; a profile under way is cut off.
func (d *debugServer) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = d.server.Close() })
	defer stop()
	if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("metrics and profiles cannot be served any longer: %w", err)
	}
	return nil
}
