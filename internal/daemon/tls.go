package daemon

import (
	"crypto/tls"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

// TLS says who this server is to others than its own machine. Clients on it find the certificate of the data directory in any case.
type TLS struct {
	Names       []string `yaml:"names"`       // DNS names that the data directory's own authority speaks for
	Certificate string   `yaml:"certificate"` // PEM file of a certificate with its chain; read again when it has changed
	Key         string   `yaml:"key"`         // PEM file
}

var dnsName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// forOthers reports whether clients elsewhere can tell that this is the server they mean.
func (t TLS) forOthers() bool { return len(t.Names) > 0 || t.Certificate != "" }

func (t TLS) check(p *problems) {
	p.check((t.Certificate == "") == (t.Key == ""), "tls.certificate and tls.key belong together")
	p.check(len(t.Names) == 0 || t.Certificate == "", "tls.names is for the server's own authority, and tls.certificate for another: one of them")
	for _, name := range t.Names {
		p.check(dnsName.MatchString(name) && len(name) <= 253, "tls.names: %q is no DNS name in lower case, for example drey.example.com", name)
	}
}

// config serves own to clients on this machine, who trust the data directory's authority, and the certificate that was given to all others.
func (t TLS) config(own tls.Certificate) (*tls.Config, error) {
	c := &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if t.Certificate == "" {
		return c, nil
	}
	given := &renewed{certificate: t.Certificate, key: t.Key}
	if _, err := given.get(); err != nil {
		return nil, err
	}
	c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if name := hello.ServerName; name == "" || name == loopbackName || strings.HasSuffix(name, "."+loopbackName) {
			return &own, nil
		}
		return given.get()
	}
	return c, nil
}

// renewed is a certificate in files that somebody else renews.
type renewed struct {
	certificate, key string

	mu   sync.Mutex
	last *tls.Certificate
	read time.Time // the file's time when last was read
}

// get reads the files if they changed. While half of a renewal is written the last pair goes on.
func (r *renewed) get() (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(r.certificate)
	if err == nil && r.last != nil && info.ModTime().Equal(r.read) {
		return r.last, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(r.certificate, r.key); err == nil {
			r.last, r.read = &pair, info.ModTime()
		}
	}
	if r.last == nil {
		return nil, fmt.Errorf("cannot use tls.certificate and tls.key: %w", err)
	}
	return r.last, nil
}
