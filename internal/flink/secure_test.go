package flink

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"
)

func testIdentity(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestAnIdentityIsInOneStoreAndTheOnlyOneTrustedInTheOther(t *testing.T) {
	t.Parallel()
	plan := testPlan()
	plan.Folders.Identity = testIdentity(t)
	r := render(t, plan)
	files := map[string]File{}
	for _, f := range r.Files {
		files[f.Name] = f
	}
	for _, of := range []string{"internal", "rest"} {
		prefix := "security.ssl." + of + "."
		if r.Config[prefix+"enabled"] != "true" {
			t.Errorf("%s is without TLS", of)
		}
		file := func(key string) []byte {
			name := strings.TrimPrefix(r.Config[prefix+key], "/run/conf/")
			if files[name].Mode != 0o400 {
				t.Errorf("%s of %s is the file %q of mode %o", key, of, name, files[name].Mode)
			}
			return []byte(files[name].Content.Reveal())
		}
		key, leaf, err := pkcs12.Decode(file("keystore"), r.Config[prefix+"keystore-password"])
		if err != nil || !plan.Folders.Identity.PrivateKey.(*ecdsa.PrivateKey).Equal(key) || !leaf.Equal(plan.Folders.Identity.Leaf) {
			t.Errorf("the key store of %s holds another identity, or none: %v", of, err)
		}
		trusted, err := pkcs12.DecodeTrustStore(file("truststore"), r.Config[prefix+"truststore-password"])
		if err != nil || len(trusted) != 1 || !trusted[0].Equal(plan.Folders.Identity.Leaf) {
			t.Errorf("%s trusts %d, not the one identity: %v", of, len(trusted), err)
		}
	}
	if r.Config["security.ssl.rest.authentication-enabled"] != "true" {
		t.Error("REST answers everybody")
	}
}

func TestWithoutAnIdentityNothingIsSaidOfTLS(t *testing.T) {
	t.Parallel()
	r := render(t, testPlan())
	for key := range r.Config {
		if strings.HasPrefix(key, "security.") {
			t.Errorf("%s is set", key)
		}
	}
	if len(r.Files) != 2 {
		t.Errorf("there are %d files, want 2", len(r.Files))
	}
}

func TestWhatIsSaidOfTLSIsNeitherShownNorAUsers(t *testing.T) {
	t.Parallel()
	plan := testPlan()
	plan.Folders.Identity = testIdentity(t)
	config := render(t, plan).Config
	password := config["security.ssl.rest.key-password"]
	for key, value := range config {
		if strings.Contains(value, password) && !Sensitive(key) {
			t.Errorf("%s shows a password", key)
		}
		if !strings.HasPrefix(key, "security.") {
			continue
		}
		if c := Classify(map[string]string{key: "x"}); len(c.Refused) != 1 || len(c.Config) != 0 {
			t.Errorf("a user may set %s", key)
		}
	}
	effective, err := plan.Effective()
	if err != nil {
		t.Fatal(err)
	}
	for key := range effective {
		if strings.HasPrefix(key, "security.") {
			t.Errorf("%s is shown", key)
		}
	}
}
