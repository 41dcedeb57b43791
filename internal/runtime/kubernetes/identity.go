package kubernetes

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"

	"drey/internal/runtime"
)

// identityOf is who the processes of an incarnation are, to each other and to us. Like the keepers' it is derived from the incarnation's key,
// to the byte: it is kept nowhere, and whoever has our key can go on speaking to what runs. On an elliptic curve, since such a key
// can be derived, and costs the processes least.
func identityOf(id runtime.IncarnationID, key string) (*tls.Certificate, error) {
	private, err := derivedKey(key)
	if err != nil {
		return nil, fmt.Errorf("cannot derive the identity of incarnation %s: %w", id, err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: string(id)}, DNSNames: []string{string(id)},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<37, 0), // it ends with the incarnation
	}
	der, err := x509.CreateCertificate(nil, template, template, private.Public(), private) // nothing random: the signature is derived too
	if err != nil {
		return nil, fmt.Errorf("cannot make the certificate of incarnation %s: %w", id, err)
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf}, err
}

// derivedKey makes a private key on P-256 of a key's text: a number from 1 on below the curve's order, of so many more bits that each
// is as likely as any other.
func derivedKey(key string) (*ecdsa.PrivateKey, error) {
	curve := elliptic.P256()
	seed, err := hkdf.Key(sha256.New, []byte(key), nil, "drey flink tls", 48)
	if err != nil {
		return nil, err
	}
	one := big.NewInt(1)
	number := new(big.Int).SetBytes(seed)
	number.Mod(number, new(big.Int).Sub(curve.Params().N, one)).Add(number, one)
	return ecdsa.ParseRawPrivateKey(curve, number.FillBytes(make([]byte, 32)))
}

// known speaks as identity, and only to identity.
func known(identity *tls.Certificate) *tls.Config {
	only := x509.NewCertPool()
	only.AddCert(identity.Leaf)
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*identity}, RootCAs: only, ServerName: identity.Leaf.DNSNames[0]}
}

// secured puts TLS on a connection, and closes it where that fails.
func secured(ctx context.Context, plain net.Conn, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout) // a transport's own does not count here
	defer cancel()
	c := tls.Client(plain, config)
	if err := c.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, err
	}
	return c, nil
}
