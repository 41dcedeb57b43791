package flink

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"maps"

	"software.sslmate.com/src/go-pkcs12"

	"drey/internal/secret"
)

const (
	keyStore   = "keystore.p12"
	trustStore = "truststore.p12"
	// cipherSuites are those for keys on elliptic curves. Flink's default has none: its REST interface would never answer.
	cipherSuites = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
)

// secure has all of an incarnation's processes, and whoever asks its REST interface, prove that they have its identity: RPC, blobs,
// the network of its tasks, and REST. It adds to config and answers the two stores, the second with the identity as the only one trusted.
func (p Plan) secure(config map[string]string) ([]File, error) {
	identity := p.Folders.Identity
	if identity == nil {
		return nil, nil
	}
	password := rand.Text()
	store := pkcs12.Modern2023.WithIterations(1) // the password is as random as a key, and Flink opens the stores anew for each connection to its blobs
	key, err := store.Encode(identity.PrivateKey, identity.Leaf, nil, password)
	if err != nil {
		return nil, fmt.Errorf("cannot make the key store: %w", err)
	}
	trusted, err := store.EncodeTrustStore([]*x509.Certificate{identity.Leaf}, password)
	if err != nil {
		return nil, fmt.Errorf("cannot make the trust store: %w", err)
	}
	config["security.ssl.algorithms"] = cipherSuites
	config["security.ssl.rest.authentication-enabled"] = "true" // inside it always is
	for _, of := range []string{"security.ssl.internal.", "security.ssl.rest."} {
		maps.Copy(config, map[string]string{
			of + "enabled":             "true",
			of + "key-password":        password,
			of + "keystore":            p.Folders.Conf + "/" + keyStore,
			of + "keystore-password":   password,
			of + "keystore-type":       "PKCS12",
			of + "truststore":          p.Folders.Conf + "/" + trustStore,
			of + "truststore-password": password,
			of + "truststore-type":     "PKCS12",
		})
	}
	return []File{
		{Name: keyStore, Mode: 0o400, Content: secret.New(string(key))},
		{Name: trustStore, Mode: 0o400, Content: secret.New(string(trusted))},
	}, nil
}
