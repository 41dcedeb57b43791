package identity

import (
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	sha256Hash = crypto.SHA256
	maxToken   = 16 << 10 // bytes
	skew       = time.Minute
)

// Why a token is refused. Both are shown to the caller; what exactly was wrong is for the log.
var (
	ErrInvalidToken = errors.New("the token is not valid here")
	ErrExpiredToken = errors.New("the token has expired")
)

// claims are what a token says. Times are seconds since 1970.
type claims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Expires   int64  `json:"exp"`
	NotBefore int64  `json:"nbf"`
	IssuedAt  int64  `json:"iat"`
	ObjectID  string `json:"oid"`
	Subject   string `json:"sub"`
	AppID     string `json:"appid"`
	Tenant    string `json:"tid"`
	Kind      string `json:"idtyp"` // "app": an access token of an application, good for nothing else
	Version   string `json:"ver"`
}

func (i *Issuer) issue(c Client, audience string) (string, error) {
	now := i.now()
	payload, err := json.Marshal(claims{
		Issuer: i.issuerName(), Audience: audience, Tenant: i.tenant, Kind: "app", Version: "1.0",
		Expires: now.Add(lifetime).Unix(), NotBefore: now.Unix(), IssuedAt: now.Unix(),
		ObjectID: c.ObjectID, Subject: c.ObjectID, AppID: c.ID,
	})
	if err != nil {
		return "", fmt.Errorf("cannot write a token: %w", err)
	}
	return i.sign(payload)
}

// Verify tells whose token it is. The error is [ErrInvalidToken] or [ErrExpiredToken] with the reason for the log.
//
// A token's header must be ours byte for byte: so algorithm, type and key are pinned, and there is no jku, x5u, jwk or crit to be led by.
// Roles are those the client has now, not those it had when the token was made.
func (i *Issuer) Verify(token string) (Principal, error) {
	if len(token) > maxToken {
		return Principal{}, fmt.Errorf("%w: %d bytes", ErrInvalidToken, len(token))
	}
	if strings.Count(token, ".") != 2 {
		return Principal{}, fmt.Errorf("%w: not three segments", ErrInvalidToken)
	}
	if !strings.HasPrefix(token, i.header+".") {
		return Principal{}, fmt.Errorf("%w: foreign header", ErrInvalidToken)
	}
	sum := sha256.Sum256([]byte(token))
	c, known := i.signed.Get(sum)
	if !known {
		var err error
		if c, err = i.claimsOf(token); err != nil {
			return Principal{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
		}
		i.signed.Add(sum, c)
	}
	return i.accept(c)
}

// claimsOf checks a token's signature and reads what it claims.
func (i *Issuer) claimsOf(token string) (c claims, err error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return c, err
	}
	payload, err := signed.Verify(i.public)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(payload, &c)
}

func (i *Issuer) accept(c claims) (Principal, error) {
	client, known := i.clients[strings.ToLower(c.AppID)]
	now := i.now()
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	for reason, refused := range map[string]bool{
		"issuer":     c.Issuer != i.issuerName(),
		"tenant":     c.Tenant != i.tenant,
		"audience":   c.Audience != Audience,
		"purpose":    c.Kind != "app",
		"client":     !known || client.ObjectID != c.ObjectID || c.Subject != c.ObjectID,
		"no times":   c.Expires <= 0 || c.NotBefore <= 0 || c.IssuedAt <= 0,
		"lifetime":   c.Expires-c.IssuedAt > int64(lifetime/time.Second),
		"not yet":    at(c.NotBefore).After(now.Add(skew)),
		"issued yet": at(c.IssuedAt).After(now.Add(skew)),
	} {
		if refused {
			return Principal{}, fmt.Errorf("%w: %s", ErrInvalidToken, reason)
		}
	}
	if !at(c.Expires).Add(skew).After(now) {
		return Principal{}, ErrExpiredToken
	}
	return Principal{ObjectID: client.ObjectID, AppID: client.ID, Name: client.Name, Type: "Application", Roles: client.Roles}, nil
}
