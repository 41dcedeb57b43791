package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// signed is a token with the given claims, signed as ours are.
func signed(t *testing.T, i *Issuer, change map[string]any) string {
	t.Helper()
	text, err := i.issue(i.clients[app], Audience)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	for name, value := range change {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	if payload, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	if text, err = i.sign(payload); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestTheCorpusOfBadTokens: signed with our own key, and yet refused for what they say (SEC-05).
func TestTheCorpusOfBadTokens(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	i := newIssuer(t, &now)
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for why, change := range map[string]map[string]any{
		"another issuer":              {"iss": "https://sts.windows.net/" + tenant + "/"},
		"an issuer that begins alike": {"iss": i.issuerName() + "x"},
		"no issuer":                   {"iss": nil},
		"an issuer of another type":   {"iss": 7},
		"another audience":            {"aud": "https://storage.azure.com/"},
		"an audience without slash":   {"aud": strings.TrimSuffix(Audience, "/")},
		"several audiences":           {"aud": []string{Audience, "https://evil.example"}},
		"no audience":                 {"aud": nil},
		"another tenant":              {"tid": object},
		"no tenant":                   {"tid": nil},
		"another purpose":             {"idtyp": "user"},
		"no purpose":                  {"idtyp": nil},
		"an unknown client":           {"appid": object},
		"no client":                   {"appid": nil},
		"a client that is not its":    {"oid": app, "sub": app},
		"another subject":             {"sub": app},
		"no object":                   {"oid": nil},
		"no end":                      {"exp": nil},
		"the end of time":             {"exp": int64(1) << 62},
		"an end as text":              {"exp": "1800003600"},
		"an end with a fraction":      {"exp": 1800003600.5},
		"a negative end":              {"exp": -1},
		"longer than we give":         {"exp": at(2 * time.Hour)},
		"ended":                       {"exp": at(-time.Minute), "nbf": at(-time.Hour), "iat": at(-time.Hour)},
		"no beginning":                {"nbf": nil},
		"a beginning to come":         {"nbf": at(61 * time.Second)},
		"no issue time":               {"iat": nil},
		"issued in the future":        {"iat": at(61 * time.Second), "exp": at(time.Hour)},
	} {
		t.Run(why, func(t *testing.T) {
			who, err := i.Verify(signed(t, i, change))
			want := ErrInvalidToken
			if why == "ended" {
				want = ErrExpiredToken
			}
			if !errors.Is(err, want) || who.ObjectID != "" {
				t.Errorf("got %+v, %v", who, err)
			}
		})
	}
	for why, change := range map[string]map[string]any{
		"nothing changed":         {},
		"a clock a minute behind": {"nbf": at(time.Minute), "iat": at(time.Minute), "exp": at(time.Hour)},
		"a clock a minute ahead":  {"exp": at(-59 * time.Second), "nbf": at(-time.Hour), "iat": at(-time.Hour)},
	} {
		if _, err := i.Verify(signed(t, i, change)); err != nil {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// TestTheCorpusOfBadHeaders: whatever a header asks for, it is not followed.
func TestTheCorpusOfBadHeaders(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	i := newIssuer(t, &now)
	good := signed(t, i, nil)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(good, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		t.Fatal(err)
	}
	der := stranger.Public()
	with := func(alg jose.SignatureAlgorithm, key any, kid string, options *jose.SignerOptions) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, options)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Sign(payload)
		if err != nil {
			t.Fatal(err)
		}
		text, err := o.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	jwt := func() *jose.SignerOptions { return (&jose.SignerOptions{}).WithType("JWT") }
	public, err := json.Marshal(i.public)
	if err != nil {
		t.Fatal(err)
	}
	for why, token := range map[string]string{
		"a stranger's key under our name":         with(jose.RS256, stranger, i.public.KeyID, jwt()),
		"a stranger's key under its own":          with(jose.RS256, stranger, "other", jwt()),
		"a stranger's key, brought along":         with(jose.RS256, stranger, i.public.KeyID, jwt().WithHeader("jwk", jose.JSONWebKey{Key: der})),
		"a stranger's key, to be fetched":         with(jose.RS256, stranger, i.public.KeyID, jwt().WithHeader("jku", "https://evil.example/keys")),
		"a certificate to be fetched":             with(jose.RS256, stranger, i.public.KeyID, jwt().WithHeader("x5u", "https://evil.example/cert")),
		"our public key as a shared secret":       with(jose.HS256, public, i.public.KeyID, jwt()),
		"another algorithm with a stranger's key": with(jose.PS256, stranger, i.public.KeyID, jwt()),
		"another type":                            with(jose.RS256, stranger, i.public.KeyID, (&jose.SignerOptions{}).WithType("at+jwt")),
		"something critical":                      with(jose.RS256, stranger, i.public.KeyID, jwt().WithHeader("crit", []string{"exp"})),
		"no type":                                 with(jose.RS256, stranger, i.public.KeyID, nil),
		"the JSON form": func() string {
			o, err := jose.ParseSignedCompact(good, []jose.SignatureAlgorithm{jose.RS256})
			if err != nil {
				t.Fatal(err)
			}
			return o.FullSerialize()
		}(),
		"padded":          good + "=",
		"a byte changed":  good[:len(good)-10] + "A" + good[len(good)-9:] + "A",
		"thousand points": strings.Repeat(".", 1000),
		"a line break":    good[:50] + "\n" + good[50:],
		"leading blank":   " " + good,
		"in capitals":     strings.ToUpper(good),
	} {
		t.Run(why, func(t *testing.T) {
			if who, err := i.Verify(token); !errors.Is(err, ErrInvalidToken) {
				t.Errorf("got %+v, %v", who, err)
			}
		})
	}
}

func TestAClientThatIsGoneHasNoGoodTokens(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	i := newIssuer(t, &now)
	token := signed(t, i, nil)
	c := i.clients[app]
	c.Roles = nil
	i.clients[app] = c
	if who, err := i.Verify(token); err != nil || len(who.Roles) != 0 {
		t.Errorf("its rights are those of the token's time: %+v, %v", who, err)
	}
	delete(i.clients, app)
	if _, err := i.Verify(token); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("got %v", err)
	}
}
