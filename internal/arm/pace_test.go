package arm

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/lifecycle"
)

// served is a front on a real connection, whose every request is told.
func served(t *testing.T, door *fakeDoor, limits Limits) (address, token string, told chan string) {
	t.Helper()
	told = make(chan string, 8)
	f := front(t, door, Options{Limits: limits, Log: slog.New(slog.NewTextHandler(heard(told), nil))})
	token = bearer(t, f, "owner")
	<-told
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), token, told
}

type heard chan string

func (h heard) Write(line []byte) (int, error) {
	h <- string(line)
	return len(line), nil
}

// send writes the head of a request, and what there is of its body.
func send(t *testing.T, address, token, line, rest string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: drey.test\r\nAuthorization: Bearer %s\r\n%s", line, token, rest); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestABodyThatDoesNotComeEndsItsRequest(t *testing.T) {
	t.Parallel()
	for why, line := range map[string]string{
		"JSON":      "POST " + itsID + "/runJob" + published1,
		"an upload": "PUT " + poolID + "/storage" + ours1 + "&uri=abfs://c@a.dfs.core.windows.net/x.jar",
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			address, token, _ := served(t, running(), Limits{Body: 50 * time.Millisecond})
			c := send(t, address, token, line, "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
			answer, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != http.StatusRequestTimeout || !answer.Close {
				t.Errorf("got %d, closing %v: %s", answer.StatusCode, answer.Close, body)
			}
		})
	}
}

// watched is a connection that notes until when it may be read.
type watched struct {
	http.ResponseWriter
	until []time.Time
}

func (w *watched) SetReadDeadline(t time.Time) error {
	w.until = append(w.until, t)
	return nil
}

func TestABodyMayTakeLongAsLongAsItComes(t *testing.T) {
	t.Parallel()
	const seconds = 10
	w, in := &watched{}, httptest.NewRequest("PUT", "/", strings.NewReader(strings.Repeat("x", seconds*leastRate)))
	paced(w, in, time.Hour)
	if _, err := io.ReadAll(in.Body); err != nil {
		t.Fatal(err)
	}
	last := len(w.until) - 1
	if grown := w.until[last-1].Sub(w.until[0]); grown != seconds*time.Second {
		t.Errorf("the time grew by %v", grown)
	}
	if !w.until[last].IsZero() {
		t.Error("after the body's end the connection still has a limit")
	}
}

func TestAnAnswerThatIsNotTakenEndsItsRequest(t *testing.T) {
	t.Parallel()
	door := running()
	door.sources = [][]lifecycle.LogSource{{{Incarnation: "i", Process: "jobmanager-0"}}}
	door.output = []string{strings.Repeat("x", 64<<20)} // more than the kernel's buffers hold
	address, token, told := served(t, door, Limits{Write: 50 * time.Millisecond})
	send(t, address, token, "GET "+itsID+"/logs/i/jobmanager-0"+ours1, "\r\n") // and never reads
	if got := <-told; !strings.Contains(got, "logs/{incarnation}/{process}") {
		t.Error(got)
	}
}

func TestAConnectionIsUsedAgainAfterItsLimits(t *testing.T) {
	t.Parallel()
	address, token, _ := served(t, running(), Limits{Body: time.Nanosecond, Write: time.Hour})
	c := send(t, address, token, "GET "+itsID+published1, "\r\n")
	in := bufio.NewReader(c)
	for range 2 {
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("got %d, %v", answer.StatusCode, err)
		}
		if _, err := fmt.Fprintf(c, "GET %s%s HTTP/1.1\r\nHost: drey.test\r\nAuthorization: Bearer %s\r\n\r\n", itsID, published1, token); err != nil {
			t.Fatal(err)
		}
	}
}

// http2 is a front behind HTTP/2, and a client of it.
func http2(t *testing.T, door *fakeDoor, limits Limits) (*http.Client, string, string) {
	t.Helper()
	f := front(t, door, Options{Limits: limits})
	s := httptest.NewUnstartedServer(f)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Client(), s.URL, bearer(t, f, "owner")
}

func TestABodyThatDoesNotComeEndsItsRequestOnHTTP2Too(t *testing.T) {
	t.Parallel()
	client, url, token := http2(t, running(), Limits{Body: 50 * time.Millisecond})
	never, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	r, err := http.NewRequest("POST", url+itsID+"/runJob"+published1, never)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestTimeout || answer.ProtoMajor != 2 {
		t.Errorf("got %d over %s", answer.StatusCode, answer.Proto)
	}
}

// The bubble's time stands still while anybody works: however busy the machine is, a write takes none, and a rest takes as long as it shall.
func TestAStreamMayRestLongerThanAWriteMayTake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		door := running()
		alive := []lifecycle.LogSource{{Incarnation: "i", Process: "jobmanager-0", Alive: true}}
		door.sources = [][]lifecycle.LogSource{alive, alive, {{Incarnation: "i", Process: "jobmanager-0"}}}
		door.output = []string{"one\n", "two\n", "three\n"}
		f := front(t, door, Options{Limits: Limits{Write: followEvery / 10}})
		client := overPipe(t, f)
		r, err := http.NewRequest("GET", "http://drey.test"+itsID+"/logs/i/jobmanager-0"+ours1+"&follow=true", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+bearer(t, f, "owner"))
		began := time.Now()
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "one\ntwo\nthree\n" || answer.ProtoMajor != 2 {
			t.Errorf("got %q, %v over %s", text, err, answer.Proto)
		}
		if rested := time.Since(began); rested < followEvery {
			t.Errorf("it rested for %v only", rested)
		}
	})
}

// overPipe is a client of a server that speaks HTTP/2 through a pipe in memory, for a bubble of virtual time.
func overPipe(t *testing.T, h http.Handler) *http.Client {
	var http2Only http.Protocols
	http2Only.SetUnencryptedHTTP2(true)
	ours, theirs := net.Pipe()
	server := &http.Server{Handler: h, Protocols: &http2Only}
	listener := &oneConn{conn: theirs, closed: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	transport := &http.Transport{Protocols: &http2Only, DialContext: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-ended
	})
	return &http.Client{Transport: transport}
}

// oneConn is a listener to which one connection comes.
type oneConn struct {
	conn   net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *oneConn) Accept() (c net.Conn, err error) {
	l.once.Do(func() { c = l.conn })
	if c != nil {
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	close(l.closed)
	return nil
}

func (l *oneConn) Addr() net.Addr { return l.conn.LocalAddr() }
