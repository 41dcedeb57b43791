package identity

import (
	"encoding/base64"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"drey/internal/secret"
)

// A token is refused for its header alone, though its claims are good and our own key signed it.
func TestAForeignHeaderIsRefusedUnderOurOwnSignature(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key.pem")
	i, err := NewIssuer(Config{KeyFile: file, Tenant: tenant, Clients: []Client{{ID: app, Secret: secret.New("good"), ObjectID: object}}})
	if err != nil {
		t.Fatal(err)
	}
	good, err := i.issue(i.clients[app], Audience)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(good, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	private, err := loadKey(file)
	if err != nil {
		t.Fatal(err)
	}
	for why, options := range map[string]*jose.SignerOptions{
		"no type":              {},
		"another type":         (&jose.SignerOptions{}).WithType("at+jwt"),
		"a key of its own":     {EmbedJWK: true},
		"a key from elsewhere": (&jose.SignerOptions{}).WithType("JWT").WithHeader("jku", "https://evil.example/keys"),
	} {
		t.Run(why, func(t *testing.T) {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: i.public.KeyID}}, options)
			if err != nil {
				t.Fatal(err)
			}
			signed, err := signer.Sign(payload)
			if err != nil {
				t.Fatal(err)
			}
			token, err := signed.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := i.Verify(token); !errors.Is(err, ErrInvalidToken) {
				t.Errorf("got %v, want ErrInvalidToken", err)
			}
		})
	}
	if _, err := i.Verify(good); err != nil {
		t.Errorf("the good one was refused at %v: %v", time.Now(), err)
	}
}
