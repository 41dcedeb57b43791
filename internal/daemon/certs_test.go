package daemon

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func trust(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(CAFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("ca.pem holds no certificate")
	}
	return pool
}

func TestAClientThatTrustsTheCAReachesTheServerByEachOfItsNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, err := certificates(dir, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: trust(t, dir), DNSName: host, CurrentTime: noon}); err != nil {
			t.Errorf("as %s: %v", host, err)
		}
	}
	if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: trust(t, dir), DNSName: "example.com", CurrentTime: noon}); err == nil {
		t.Error("as example.com: accepted, want refused")
	}
}

func TestATLSClientTakesTheCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, err := certificates(dir, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.StartTLS()
	defer s.Close()
	c := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust(t, dir)}, DisableKeepAlives: true}}
	answer, err := c.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

func TestTheCACannotSpeakForOtherHosts(t *testing.T) {
	t.Parallel()
	ca, err := makeCA(nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	key, err := makeServer(ca, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	other := &x509.Certificate{NotBefore: noon, NotAfter: noon.Add(time.Hour), DNSNames: []string{"example.com"}}
	p, err := sign(other, ca.cert, key.key, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	if _, err := p.cert.Verify(x509.VerifyOptions{Roots: pool, DNSName: "example.com", CurrentTime: noon}); err == nil {
		t.Error("a certificate for example.com was accepted")
	}
}

func TestTheCAStaysAndTheServerCertificateIsRenewedInTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := certificates(dir, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(CAFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	if left := first.Leaf.NotAfter.Sub(noon); left > 398*24*time.Hour {
		t.Errorf("server certificate lives %v, some systems accept 398 days at most", left)
	}
	early, err := certificates(dir, nil, first.Leaf.NotAfter.Add(-renewBefore-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Leaf.Raw, early.Leaf.Raw) {
		t.Error("31 days before its end: renewed, want the same")
	}
	late, err := certificates(dir, nil, first.Leaf.NotAfter.Add(-renewBefore+time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first.Leaf.Raw, late.Leaf.Raw) {
		t.Error("29 days before its end: the same, want a new one")
	}
	after, err := os.ReadFile(CAFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ca, after) {
		t.Error("the CA changed")
	}
	root, err := loadPair(filepath.Join(dir, "tls"), "ca")
	if err != nil {
		t.Fatal(err)
	}
	if years := root.cert.NotAfter.Sub(noon).Hours() / 24 / 365; years < 10 {
		t.Errorf("the CA lives %.1f years, want 10 at least", years)
	}
}

func TestALostCAKeyIsAnErrorAndNeverASecondCA(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := certificates(dir, nil, noon); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "tls", "ca-key.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := certificates(dir, nil, noon); err == nil {
		t.Error("got certificates, want an error")
	}
}

func TestKeysAreForUsAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := certificates(dir, nil, noon); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ca-key.pem", "server-key.pem"} {
		info, err := os.Stat(filepath.Join(dir, "tls", name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %o, want 600", name, got)
		}
	}
}
