package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const keyBits = 2048

// loadKey reads the signing key from file, and makes it first if there is none. Two servers that start at once end with the same key.
func loadKey(file string) (*rsa.PrivateKey, error) {
	key, err := readKey(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(file); err != nil {
		return nil, fmt.Errorf("cannot make the signing key: %w", err)
	}
	return readKey(file)
}

func readKey(file string) (*rsa.PrivateKey, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the signing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the signing key %s can be read by others (mode %04o, wanted 0600)", file, info.Mode().Perm())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the signing key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("the signing key %s is no PEM file", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("cannot parse the signing key %s: %w", file, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() < keyBits {
		return nil, fmt.Errorf("the signing key %s is no RSA key of at least %d bits", file, keyBits)
	}
	return key, nil
}

// makeKey writes a whole new key under a name of its own and links it to file: either all of it is there or nothing.
func makeKey(file string) error {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(file), ".signing-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	err = pem.Encode(draft, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
