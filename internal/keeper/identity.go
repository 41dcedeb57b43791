package keeper

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// From the one key of an incarnation both sides derive who the keeper is and who may speak to it. So neither a certificate
// nor an authority needs to be kept anywhere, and the server never reads a key back.

// derive is 32 bytes made of a key for one purpose.
func derive(key, purpose string) []byte {
	out, err := hkdf.Key(sha256.New, []byte(key), nil, "drey keeper "+purpose, ed25519.SeedSize)
	if err != nil {
		panic(err) // only for lengths that cannot be
	}
	return out
}

// Bearer is the token that a key's holder shows to the keeper.
func Bearer(key string) string { return hex.EncodeToString(derive(key, "bearer")) }

func signer(key string) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(derive(key, "tls")) }

// Certificate is who a keeper with this key is. Its dates say nothing: it is known by its public key.
func Certificate(key string) (tls.Certificate, error) {
	private := signer(key)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<37, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cannot make the keeper's certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, nil
}

// Pinned speaks only to a keeper with this key.
func Pinned(key string) *tls.Config {
	want := signer(key).Public().(ed25519.PublicKey)
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // no names and no authorities: VerifyConnection knows the one right key
		VerifyConnection: func(s tls.ConnectionState) error {
			if got, ok := s.PeerCertificates[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !got.Equal(want) {
				return errors.New("this is the keeper of another incarnation")
			}
			return nil
		},
	}
}
