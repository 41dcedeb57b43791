package daemon

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"drey/internal/arm"
	"drey/internal/telemetry"
)

// HTTP bounds what clients may take of the server. What no client needs more of is fixed; docs/decisions/0004-configuration.md has it.
type HTTP struct {
	ReadsPerSecond     int `yaml:"readsPerSecond"` // GETs of each principal
	ReadBurst          int `yaml:"readBurst"`
	WritesPerSecond    int `yaml:"writesPerSecond"` // all else of each principal; DELETEs are counted apart, with the same figures
	WriteBurst         int `yaml:"writeBurst"`
	SignInsPerSecond   int `yaml:"signInsPerSecond"` // tokens asked for, and refused, by address
	SignInBurst        int `yaml:"signInBurst"`
	RequestsAtOnce     int `yaml:"requestsAtOnce"`
	RequestsAtOnceEach int `yaml:"requestsAtOnceEach"` // of each principal
	Connections        int `yaml:"connections"`
	ConnectionsEach    int `yaml:"connectionsEach"` // of each address
	HeaderSeconds      int `yaml:"headerSeconds"`   // for a request's head to arrive
	BodySeconds        int `yaml:"bodySeconds"`     // for its body; a second more for each 64 KiB of it
	WriteSeconds       int `yaml:"writeSeconds"`    // for each piece of an answer to be taken
	IdleSeconds        int `yaml:"idleSeconds"`     // until an unused connection is closed
}

// defaultHTTP leaves every client that people write alone: the figures for each principal are above those of ARM itself.
var defaultHTTP = HTTP{
	ReadsPerSecond: 200, ReadBurst: 1000, WritesPerSecond: 150, WriteBurst: 500, SignInsPerSecond: 50, SignInBurst: 200,
	RequestsAtOnce: 512, RequestsAtOnceEach: 128, Connections: 2048, ConnectionsEach: 1024,
	HeaderSeconds: 10, BodySeconds: 60, WriteSeconds: 60, IdleSeconds: 120,
}

func (h HTTP) limits() arm.Limits {
	return arm.Limits{
		ReadsPerSecond: h.ReadsPerSecond, ReadBurst: h.ReadBurst, WritesPerSecond: h.WritesPerSecond, WriteBurst: h.WriteBurst,
		SignInsPerSecond: h.SignInsPerSecond, SignInBurst: h.SignInBurst, AtOnce: h.RequestsAtOnce, AtOnceEach: h.RequestsAtOnceEach,
		Body: seconds(h.BodySeconds), Write: seconds(h.WriteSeconds),
	}
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// Fixed limits of the HTTP server.
const (
	headerBytes = 16 << 10 // of a request's head; net/http allows 4 KiB more
	streams     = 100      // at once on one HTTP/2 connection
)

// server is the HTTP server of the API. How long bodies and answers may take is the front's business, who knows which they are.
func (h HTTP) server(handler http.Handler, config *tls.Config, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, MaxHeaderBytes: headerBytes, ReadHeaderTimeout: seconds(h.HeaderSeconds), IdleTimeout: seconds(h.IdleSeconds),
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: streams},
		TLSConfig: config,
		ErrorLog:  telemetry.Lines(log, "the HTTP server says"),
	}
}

// bounded closes new connections where there are too many, of one address or of all.
type bounded struct {
	net.Listener
	limits  HTTP
	metrics *telemetry.Metrics

	mu    sync.Mutex
	all   int
	every map[string]int // by address
}

func (h HTTP) bound(l net.Listener, m *telemetry.Metrics) *bounded {
	return &bounded{Listener: l, limits: h, metrics: m, every: map[string]int{}}
}

// Accept implements [net.Listener].
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
		if b.enter(host) {
			return &counted{Conn: c, leave: sync.OnceFunc(func() { b.leave(host) })}, nil
		}
		b.metrics.Refuse("connections")
		_ = c.Close()
	}
}

func (b *bounded) enter(host string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= b.limits.Connections || b.every[host] >= b.limits.ConnectionsEach {
		return false
	}
	b.all++
	b.every[host]++
	b.metrics.Connect(1)
	return true
}

func (b *bounded) leave(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.every[host]--; b.every[host] == 0 {
		delete(b.every, host)
	}
	b.metrics.Connect(-1)
}

// counted is a connection that makes room for another at its end.
type counted struct {
	net.Conn
	leave func()
}

// Close implements [net.Conn].
func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
