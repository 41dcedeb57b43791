package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"drey/internal/runtime"
)

const otherID = runtime.IncarnationID("fedcba9876543210fedcba9876543210")

// made is an identity as a server makes it whose key is a letter.
func made(t *testing.T, id runtime.IncarnationID, letter string) *tls.Certificate {
	t.Helper()
	identity, err := identityOf(id, newKeepers(strings.Repeat(letter, 32), nil).keyOf(id))
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func TestAnIdentityIsTheSameForEachServerWithTheKeyAndForNoOtherIncarnation(t *testing.T) {
	t.Parallel()
	first := made(t, testID, "k")
	if again := made(t, testID, "k"); !bytes.Equal(first.Leaf.Raw, again.Leaf.Raw) {
		t.Error("made again it is another")
	}
	for what, other := range map[string]*tls.Certificate{"incarnation": made(t, otherID, "k"), "key": made(t, testID, "q")} {
		if bytes.Equal(first.Leaf.RawSubjectPublicKeyInfo, other.Leaf.RawSubjectPublicKeyInfo) {
			t.Errorf("another %s has the same public key", what)
		}
	}
}

// jobManager has the runtime find one at its address that is who, and answers whom it trusts, as Flink's REST interface does; nil is one
// that answers everybody, plainly. It counts its connections.
func (r *Runtime) jobManager(t *testing.T, who, trusted *tls.Certificate, rec record) *atomic.Int32 {
	t.Helper()
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	if who == nil {
		s.Start()
	} else {
		only := x509.NewCertPool()
		only.AddCert(trusted.Leaf)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{*who}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: only, MaxVersion: tls.VersionTLS12}
		s.StartTLS()
	}
	t.Cleanup(s.Close)
	t.Cleanup(r.gates.CloseIdleConnections)
	gated := process{ProcessID: runtime.ProcessID{Role: runtime.JobManager}, Gate: true}
	rec.ID, rec.Processes = testID, []process{gated}
	r.views[testID] = view{rec: rec, pods: map[runtime.ProcessID]at{gated.ProcessID: {id: testID, ip: "10.0.0.1"}}}
	r.config.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}
	return &connections
}

// ask is a question to the JobManager by a new client.
func (r *Runtime) ask() error {
	to := r.Endpoint(testID, 8081)
	answer, err := (&http.Client{Transport: to.Transport}).Get(to.URL)
	if err == nil {
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	return err
}

func TestOnlyTheIncarnationItselfIsSpokenTo(t *testing.T) {
	t.Parallel()
	mine, another := made(t, testID, "k"), made(t, otherID, "k")
	for name, tt := range map[string]struct {
		who, trusted *tls.Certificate
		rec          record
		refused      bool
	}{
		"itself":                         {mine, mine, record{TLS: true}, false},
		"another one":                    {another, mine, record{TLS: true}, true},
		"one that wants to hear another": {mine, another, record{TLS: true}, true},
		"one without TLS":                {nil, nil, record{TLS: true}, true},
		"one that was prepared without":  {nil, nil, record{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := testRuntime(t)
			r.jobManager(t, tt.who, tt.trusted, tt.rec)
			if err := r.ask(); (err != nil) != tt.refused {
				t.Errorf("got error %v, want one: %t", err, tt.refused)
			}
		})
	}
}

func TestAllWhoAskAJobManagerShareItsConnection(t *testing.T) {
	t.Parallel()
	r, identity := testRuntime(t), made(t, testID, "k")
	connections := r.jobManager(t, identity, identity, record{TLS: true})
	for range 3 {
		if err := r.ask(); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("three questions were %d connections", n)
	}
}
