package daemon

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// answerer is the certificate that a server with t gives to a client that asks for a name.
func answerer(tb testing.TB, config *tls.Config, name string) *tls.Certificate {
	tb.Helper()
	if config.GetCertificate == nil {
		return &config.Certificates[0]
	}
	c, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: name})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestOthersFindTheServerByItsNames(t *testing.T) {
	t.Parallel()
	dir, names := t.TempDir(), []string{"drey.flink.svc", "drey.example.com"}
	own, err := certificates(dir, names, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "localhost") {
		if err := own.Leaf.VerifyHostname(name); err != nil {
			t.Errorf("as %s: %v", name, err)
		}
	}
	fewer, err := certificates(dir, names[:1], noon)
	if err != nil || fewer.Leaf.VerifyHostname(names[1]) == nil {
		t.Errorf("a name that is no more its own is still in the certificate (%v)", err)
	}
	if _, err := certificates(dir, []string{"other.example.com"}, noon); err == nil || !strings.Contains(err.Error(), "remove the folder tls") {
		t.Errorf("got error %v, want one with the way out", err)
	}
}

// give writes a new certificate for others, as of a time, to where t says.
func give(tb testing.TB, t TLS, at time.Time) {
	tb.Helper()
	made := tb.TempDir()
	if _, err := certificates(made, []string{"drey.example.com"}, at); err != nil {
		tb.Fatal(err)
	}
	for from, to := range map[string]string{"server.pem": t.Certificate, "server-key.pem": t.Key} {
		text, err := os.ReadFile(filepath.Join(made, "tls", from))
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Chtimes(t.Certificate, at, at); err != nil {
		tb.Fatal(err)
	}
}

func TestAGivenCertificateIsForOthersAndIsReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	own, err := certificates(t.TempDir(), nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	settings := TLS{Certificate: filepath.Join(folder, "tls.crt"), Key: filepath.Join(folder, "tls.key")}
	if _, err := settings.config(own); err == nil {
		t.Error("a certificate that is not there was taken")
	}
	give(t, settings, noon)
	config, err := settings.config(own)
	if err != nil {
		t.Fatal(err)
	}
	for _, here := range []string{"", "localhost", "drey.localhost"} {
		if c := answerer(t, config, here); c.Leaf != own.Leaf {
			t.Errorf("for %q: not the one of the data directory", here)
		}
	}
	first := answerer(t, config, "drey.example.com")
	if first.Leaf == own.Leaf {
		t.Error("others get the one of the data directory")
	}
	give(t, settings, noon.Add(time.Hour))
	second := answerer(t, config, "drey.example.com")
	if second == first {
		t.Error("it was renewed, and the old one is given")
	}
	give(t, settings, noon.Add(2*time.Hour))
	if err := os.WriteFile(settings.Key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if answerer(t, config, "drey.example.com") != second {
		t.Error("half of a renewal was taken")
	}
}

func TestAConnectionForElsewhereNeedsNoFilesOfTheServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := certificates(dir, nil, noon); err != nil {
		t.Fatal(err)
	}
	c := Config{Data: dir, Local: true}
	at := connectionOf(c, Names{TenantID: "t", ClientSecret: "s"}, &net.TCPAddr{IP: net.IPv4zero, Port: 8443})
	if at.Endpoint != "https://localhost:8443" {
		t.Errorf("on its own machine it is found at %s", at.Endpoint)
	}
	if _, err := publish(dir, at); err != nil {
		t.Fatal(err)
	}
	got, err := ReadConnectionFor(dir, "https://drey.example.com:1")
	if err != nil {
		t.Fatal(err)
	}
	if got.Endpoint != "https://drey.example.com:1" || got.TokenEndpoint != "https://drey.example.com:1/t/oauth2/v2.0/token" || got.CAFile != "" || !strings.Contains(got.CA, "CERTIFICATE") || got.ClientSecret != "s" {
		text, _ := json.Marshal(got)
		t.Errorf("got %s", text)
	}
	for _, bad := range []string{"http://drey.example.com", "drey.example.com", "https://drey.example.com/x"} {
		if _, err := ReadConnectionFor(dir, bad); err == nil {
			t.Errorf("%s was taken for an endpoint", bad)
		}
	}
}
