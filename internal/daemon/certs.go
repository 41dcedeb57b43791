package daemon

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// How long certificates live. Some systems accept no server certificate of more than 398 days.
const (
	caLife      = 20 * 365 * 24 * time.Hour
	serverLife  = 397 * 24 * time.Hour
	renewBefore = 30 * 24 * time.Hour
)

// What the server certificate is always for.
const loopbackName = "localhost"

var loopbackAddresses = []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback}

// CAFile is where the certificate lies that clients must trust.
func CAFile(dir string) string { return filepath.Join(dir, "tls", "ca.pem") }

// certificates gives the server certificate of data directory dir, for this machine and for names. The CA is made once; the server
// certificate is renewed when it has less than 30 days left, is not for all names, or the CA is not its issuer.
func certificates(dir string, names []string, now time.Time) (tls.Certificate, error) {
	folder := filepath.Join(dir, "tls")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return tls.Certificate{}, fmt.Errorf("cannot make the folder of certificates: %w", err)
	}
	ca, err := loadPair(folder, "ca")
	if errors.Is(err, fs.ErrNotExist) {
		if ca, err = makeCA(names, now); err == nil {
			err = ca.save(folder, "ca")
		}
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cannot have a certificate authority: %w", err)
	}
	for _, name := range names {
		if !slices.Contains(ca.cert.PermittedDNSDomains, name) {
			return tls.Certificate{}, fmt.Errorf("the certificate authority of this data directory was made before tls.names had %s, and may not speak for it: remove the folder tls there, and give clients the new ca.pem", name)
		}
	}
	server, err := loadPair(folder, "server")
	if err != nil || now.Add(renewBefore).After(server.cert.NotAfter) || server.cert.CheckSignatureFrom(ca.cert) != nil || !slices.Equal(server.cert.DNSNames, withLoopback(names)) {
		if server, err = makeServer(ca, names, now); err == nil {
			err = server.save(folder, "server")
		}
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cannot have a server certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{server.cert.Raw, ca.cert.Raw}, PrivateKey: server.key, Leaf: server.cert}, nil
}

// pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// withLoopback are the names of a server that others call by these.
func withLoopback(names []string) []string { return append([]string{loopbackName}, names...) }

// makeCA makes an authority that can only ever speak for this machine and its names: who trusts it trusts nothing else by it.
func makeCA(names []string, now time.Time) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	t := &x509.Certificate{
		Subject:                     pkix.Name{CommonName: "Drey of this machine, made " + now.UTC().Format("2006-01-02 15:04")},
		NotBefore:                   now.Add(-time.Hour),
		NotAfter:                    now.Add(caLife),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         withLoopback(names), // and all below them: drey.localhost
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}
	return sign(t, t, key, key)
}

func makeServer(ca pair, names []string, now time.Time) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	t := &x509.Certificate{
		Subject:     pkix.Name{CommonName: loopbackName},
		NotBefore:   now.Add(-time.Hour),
		NotAfter:    now.Add(serverLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    withLoopback(names),
		IPAddresses: loopbackAddresses,
	}
	return sign(t, ca.cert, key, ca.key)
}

func sign(t, parent *x509.Certificate, key, by crypto.Signer) (pair, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return pair{}, err
	}
	t.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, t, parent, key.Public(), by)
	if err != nil {
		return pair{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return pair{cert, key}, err
}

// save writes the key first: a certificate without its key would be taken for a whole pair's half that was lost.
func (p pair) save(folder, name string) error {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return err
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := writeFile(filepath.Join(folder, name+"-key.pem"), key, 0o600); err != nil {
		return err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})
	return writeFile(filepath.Join(folder, name+".pem"), cert, 0o644)
}

// loadPair reads a pair; [fs.ErrNotExist] if there is no certificate.
func loadPair(folder, name string) (pair, error) {
	text, err := os.ReadFile(filepath.Join(folder, name+".pem"))
	if err != nil {
		return pair{}, err
	}
	keyText, err := os.ReadFile(filepath.Join(folder, name+"-key.pem"))
	if err != nil {
		return pair{}, fmt.Errorf("%s.pem is there, its key cannot be read: %v", name, err) // not ErrNotExist: never make a second CA
	}
	both, err := tls.X509KeyPair(text, keyText)
	if err != nil {
		return pair{}, fmt.Errorf("%s.pem or its key is damaged: %w", name, err)
	}
	key, ok := both.PrivateKey.(crypto.Signer)
	if !ok {
		return pair{}, fmt.Errorf("%s-key.pem cannot sign", name)
	}
	return pair{both.Leaf, key}, nil
}
