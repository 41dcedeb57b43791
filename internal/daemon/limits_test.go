package daemon

import (
	"bufio"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answering serves handler with limits on loopback, over TLS as the API is; dial makes a connection to it.
func answering(t *testing.T, limits HTTP, handler http.Handler) (dial func() net.Conn) {
	t.Helper()
	cert, err := certificates(t.TempDir(), nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config, err := TLS{}.config(cert)
	if err != nil {
		t.Fatal(err)
	}
	server := limits.server(handler, config, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(limits.bound(l, nil), "", "") }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
}

// exchange sends text and reads an answer's status; 0 if the connection ends instead.
func exchange(c net.Conn, text string) int {
	if _, err := io.WriteString(c, text); err != nil {
		return 0
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

const get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(*HTTP){
		"of one address": func(h *HTTP) { h.ConnectionsEach = 2 },
		"of all":         func(h *HTTP) { h.Connections = 2 },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			limits := defaultHTTP
			change(&limits)
			dial := answering(t, limits, http.HandlerFunc(ok))
			first, second := dial(), dial()
			for _, c := range []net.Conn{first, second} {
				if got := exchange(c, get); got != http.StatusOK {
					t.Errorf("a connection within the limit: %d", got)
				}
			}
			if got := exchange(dial(), get); got != 0 {
				t.Errorf("one too many was answered %d", got)
			}
			if got := exchange(second, get); got != http.StatusOK {
				t.Errorf("those before it are disturbed: %d", got)
			}
			_ = first.Close()
			for exchange(dial(), get) != http.StatusOK { // the server learns of it in its own time
			}
		})
	}
}

func TestAConnectionThatIsClosedMakesRoom(t *testing.T) {
	t.Parallel()
	limits := HTTP{Connections: 1, ConnectionsEach: 1}
	b := limits.bound(nil, nil)
	if !b.enter("a") || b.enter("a") || b.enter("b") {
		t.Fatal("the limit does not hold")
	}
	b.leave("a")
	if !b.enter("b") || len(b.every) != 1 {
		t.Errorf("no room was made, or an address is remembered: %v", b.every)
	}
}

func TestAHeadThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	dial := answering(t, defaultHTTP, http.HandlerFunc(ok))
	head := func(size int) string {
		return "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("x", size) + "\r\n\r\n"
	}
	if got := exchange(dial(), head(headerBytes/2)); got != http.StatusOK {
		t.Errorf("one that is large: %d", got)
	}
	if got := exchange(dial(), head(64<<10)); got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("one that is too large: %d", got)
	}
}

func TestAHeadThatDoesNotComeEndsItsConnection(t *testing.T) {
	t.Parallel()
	limits := defaultHTTP
	limits.HeaderSeconds = 1
	c := answering(t, limits, http.HandlerFunc(ok))()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost:"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(c); err != nil { // ends when the server closes
		t.Fatal(err)
	}
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	limits := defaultHTTP
	limits.IdleSeconds = 1
	c := answering(t, limits, http.HandlerFunc(ok))()
	if got := exchange(c, get); got != http.StatusOK {
		t.Fatal(got)
	}
	if _, err := io.ReadAll(c); err != nil {
		t.Fatal(err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	c := answering(t, defaultHTTP, http.HandlerFunc(ok))()
	old := tls.Client(c.(*tls.Conn).NetConn(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err := old.Handshake(); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
}

func TestEveryLimitOfTheFrontIsConfigured(t *testing.T) {
	t.Parallel()
	l := defaultHTTP.limits()
	if l.ReadsPerSecond*l.ReadBurst*l.WritesPerSecond*l.WriteBurst*l.SignInsPerSecond*l.SignInBurst*l.AtOnce*l.AtOnceEach == 0 || l.Body == 0 || l.Write == 0 {
		t.Errorf("a limit is missing: %+v", l)
	}
}
