package identity

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	lru "github.com/hashicorp/golang-lru/v2"

	"drey/internal/secret"
)

// Audience is the audience of every token for this API, whatever name of it the client asked for.
const Audience = "https://management.azure.com/"

// storageAudience is what Hadoop's ABFS driver asks tokens for; the API refuses them.
const storageAudience = "https://storage.azure.com/"

const lifetime = time.Hour

// Client is an application that may sign in with a secret.
type Client struct {
	ID       string // application id, a GUID
	Secret   secret.Value
	ObjectID string // a GUID
	Name     string
	Roles    []Assignment
}

// Config says how an [Issuer] is made.
type Config struct {
	KeyFile string // PEM, made with mode 0600 if it is not there
	Tenant  string // a GUID
	Clients []Client
	Now     func() time.Time // nil = time.Now
}

// Issuer gives out tokens for client secrets and knows its own tokens again.
//
// Tokens name one fixed issuer, as Azure's v1 tokens do, so that one fetched from https://localhost is good at
// https://127.0.0.1 too. The URLs of the discovery document follow the host that was asked.
type Issuer struct {
	tenant  string
	clients map[string]Client // by lower-cased id
	now     func() time.Time
	public  jose.JSONWebKey
	signer  jose.Signer
	header  string // the first segment of every token of ours
	// signed are tokens whose signature was checked, by their SHA-256: that check costs more than all the rest of a short request.
	// What they claim is looked at each time.
	signed *lru.Cache[[sha256.Size]byte, claims]
}

// signedMost is how many tokens are remembered, about 300 bytes each.
const signedMost = 1024

var guid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// NewIssuer makes the issuer of a tenant, and its signing key if there is none yet.
func NewIssuer(c Config) (*Issuer, error) {
	i := &Issuer{tenant: strings.ToLower(c.Tenant), clients: map[string]Client{}, now: c.Now}
	if i.now == nil {
		i.now = time.Now
	}
	if !guid.MatchString(i.tenant) {
		return nil, fmt.Errorf("the tenant %q is no GUID", c.Tenant)
	}
	if err := i.addClients(c.Clients); err != nil {
		return nil, err
	}
	var err error
	if i.signed, err = lru.New[[sha256.Size]byte, claims](signedMost); err != nil {
		return nil, err
	}
	return i, i.useKey(c.KeyFile)
}

func (i *Issuer) addClients(clients []Client) error {
	for _, c := range clients {
		id := strings.ToLower(c.ID)
		if !guid.MatchString(id) || !guid.MatchString(strings.ToLower(c.ObjectID)) {
			return fmt.Errorf("client %q: id and object id must be GUIDs", c.ID)
		}
		if c.Secret.Reveal() == "" {
			return fmt.Errorf("client %q has no secret", c.ID)
		}
		if _, twice := i.clients[id]; twice {
			return fmt.Errorf("client %q is named twice", c.ID)
		}
		for _, a := range c.Roles {
			if _, known := roles[a.Role]; !known {
				return fmt.Errorf("client %q: there is no role %q", c.ID, a.Role)
			}
		}
		i.clients[id] = c
	}
	return nil
}

func (i *Issuer) useKey(file string) error {
	private, err := loadKey(file)
	if err != nil {
		return err
	}
	i.public = jose.JSONWebKey{Key: private.Public(), Algorithm: string(jose.RS256), Use: "sig"}
	print, err := i.public.Thumbprint(sha256Hash)
	if err != nil {
		return fmt.Errorf("cannot name the signing key: %w", err)
	}
	i.public.KeyID = fmt.Sprintf("%x", print[:16])
	key := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: i.public.KeyID}}
	if i.signer, err = jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT")); err != nil {
		return fmt.Errorf("cannot use the signing key: %w", err)
	}
	sample, err := i.sign([]byte("{}"))
	if err != nil {
		return err
	}
	i.header, _, _ = strings.Cut(sample, ".")
	return nil
}

func (i *Issuer) sign(payload []byte) (string, error) {
	signed, err := i.signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("cannot sign a token: %w", err)
	}
	return signed.CompactSerialize()
}

// issuerName is the iss of all tokens.
func (i *Issuer) issuerName() string { return "https://sts.drey.localhost/" + i.tenant + "/" }

// Tenant is the tenant's GUID, lower-case.
func (i *Issuer) Tenant() string { return i.tenant }

var errBadClient = errors.New("unknown client or wrong secret")

// authenticate finds the client of a secret. An unknown id takes the same path as a wrong secret.
func (i *Issuer) authenticate(id, text string) (Client, error) {
	c, known := i.clients[strings.ToLower(id)]
	want, got := sha256.Sum256([]byte(c.Secret.Reveal())), sha256.Sum256([]byte(text))
	same := subtle.ConstantTimeCompare(want[:], got[:]) == 1
	if !known || !same {
		return Client{}, errBadClient
	}
	return c, nil
}

// base is the absolute URL of this server as the client knows it. Clients refuse to send secrets over http.
func base(r *http.Request) string { return "https://" + r.Host }
