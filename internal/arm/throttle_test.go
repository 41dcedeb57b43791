package arm

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"drey/internal/telemetry"
)

func TestACallerIsRefusedBeyondItsRate(t *testing.T) {
	t.Parallel()
	get, put, remove := "GET "+poolID+published1, "POST "+itsID+"/runJob"+published1, "DELETE "+itsID+published1
	stop := `{"properties":{"jobType":"FlinkJob","action":"STOP"}}`
	limits := Limits{ReadsPerSecond: 1, ReadBurst: 2, WritesPerSecond: 1, WriteBurst: 1}
	f := front(t, running(), Options{Limits: limits})
	for i, tt := range []struct {
		why, who, line, body string
		status               int
		left                 string
	}{
		{"the first read", "owner", get, "", 200, "1"},
		{"the second read", "owner", get, "", 200, "0"},
		{"a read too many", "owner", get, "", 429, "0"},
		{"another caller", "reader", get, "", 200, "1"},
		{"writes are counted apart", "owner", put, stop, 202, "0"},
		{"a write too many", "owner", put, stop, 429, "0"},
		{"a deletion is still possible", "owner", remove, "", 202, "0"},
		{"a deletion too many", "owner", remove, "", 429, "0"},
		{"health is never counted", "", "GET /healthz", "", 200, "11999"},
		{"nor is readiness", "", "GET /readyz", "", 200, "11999"},
	} {
		w := ask(t, f, tt.who, tt.line, tt.body)
		if left := w.Header().Get(readsLeft) + w.Header().Get(writesLeft); w.Code != tt.status || left != tt.left {
			t.Errorf("%d, %s: got %d with %s left, want %d with %s\n%s", i, tt.why, w.Code, left, tt.status, tt.left, w.Body)
		}
		if again := w.Header().Get("Retry-After"); w.Code == 429 && (again != "1" || w.Header().Get("x-ms-error-code") != "TooManyRequests") {
			t.Errorf("%d, %s: Retry-After is %q, the body %s", i, tt.why, again, w.Body)
		}
	}
}

func TestARateComesBackWithTime(t *testing.T) {
	t.Parallel()
	limits := newThrottle(Limits{ReadsPerSecond: 2, ReadBurst: 1}, nil)
	for i, tt := range []struct {
		after time.Duration
		ok    bool
	}{{0, true}, {0, false}, {400 * time.Millisecond, false}, {600 * time.Millisecond, true}} {
		if _, _, err := limits.admit("me", "GET", now.Add(tt.after)); (err == nil) != tt.ok {
			t.Errorf("%d: after %v: %v", i, tt.after, err)
		}
	}
}

func TestRequestsUnderWayAreBounded(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		limits Limits
		who    string
		code   string
	}{
		"a caller's own":      {Limits{AtOnce: 2, AtOnceEach: 1}, "me", "TooManyRequests"},
		"all of them":         {Limits{AtOnce: 1, AtOnceEach: 1}, "other", "ServerBusy"},
		"another's are apart": {Limits{AtOnce: 2, AtOnceEach: 1}, "other", ""},
	} {
		limits := newThrottle(tt.limits, nil)
		leave, _, err := limits.admit("me", "GET", now)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = limits.admit(tt.who, "GET", now)
		if got := ""; err != nil {
			if got = known(err).Code + answers[known(err).Kind].code; !strings.HasPrefix(got, tt.code) || tt.code == "" {
				t.Errorf("%s: got %v", why, err)
			}
		} else if tt.code != "" {
			t.Errorf("%s: was let in", why)
		}
		leave()
		if _, _, err := limits.admit("me", "GET", now); err != nil {
			t.Errorf("%s: a place that was left is not free: %v", why, err)
		}
	}
}

func TestARequestLeavesItsPlaceAlsoWhenItsHandlerPanics(t *testing.T) {
	t.Parallel()
	door := running()
	door.panics = true
	f := front(t, door, Options{Limits: Limits{AtOnce: 1, AtOnceEach: 1}})
	for range 2 {
		if w := ask(t, f, "owner", "GET "+poolID+published1, ""); w.Code != http.StatusInternalServerError {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
}

func TestSigningInIsBoundedForAnAddressButLocksNobodyOut(t *testing.T) {
	t.Parallel()
	f := front(t, running(), Options{Limits: Limits{SignInsPerSecond: 1, SignInBurst: 2}})
	good := bearer(t, f, "owner") // the first of two
	get := "GET " + itsID + published1
	for i, status := range []int{401, 429, 429} {
		if w := ask(t, f, "", get, "", "Authorization: Bearer x.y.z"); w.Code != status {
			t.Errorf("bad token %d: got %d %s", i, w.Code, w.Body)
		}
	}
	if w := ask(t, f, "", get, "", "Authorization: Bearer "+good); w.Code != http.StatusOK {
		t.Errorf("the good token: got %d %s", w.Code, w.Body)
	}
	if w := ask(t, f, "", "POST /"+tenantID+"/oauth2/v2.0/token", ""); w.Code != http.StatusTooManyRequests {
		t.Errorf("a request for a token: got %d %s", w.Code, w.Body)
	}
}

func TestWhatIsRememberedOfCallersIsBounded(t *testing.T) {
	t.Parallel()
	limits := newThrottle(Limits{ReadsPerSecond: 1, ReadBurst: 1, SignInsPerSecond: 1, SignInBurst: 1}, nil)
	come := func(from string, after time.Duration) error {
		if err := limits.signIn(from+":1", now.Add(after)); err != nil {
			return err
		}
		_, _, err := limits.admit(from, "GET", now.Add(after))
		return err
	}
	for i := range mostCallers {
		if err := come(strconv.Itoa(i), 0); err != nil {
			t.Fatal(err)
		}
	}
	if come("one more", 0) != nil || come("and one more", 0) == nil {
		t.Error("those beyond the limit do not share one account")
	}
	if n := len(limits.addresses); n > mostCallers+1 {
		t.Errorf("%d addresses are remembered", n)
	}
	if err := come("later", time.Minute); err != nil || len(limits.addresses) != 1 {
		t.Errorf("those of before are not forgotten: %v, %d", err, len(limits.addresses))
	}
}

func TestReadinessSaysWhyNot(t *testing.T) {
	t.Parallel()
	var troubles []string
	f := front(t, running(), Options{Ready: func(context.Context) []string { return troubles }})
	if w := ask(t, f, "", "GET /readyz", ""); w.Code != http.StatusOK || w.Body.String() != "ready\n" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	troubles = []string{"the database does not answer", "target local: not owned"}
	if w := ask(t, f, "", "GET /readyz", ""); w.Code != http.StatusServiceUnavailable || w.Body.String() != "the database does not answer\ntarget local: not owned\n" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if w := ask(t, f, "", "GET /healthz", ""); w.Code != http.StatusOK {
		t.Errorf("a server that is not ready is alive: got %d", w.Code)
	}
}

func TestRequestsAndRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	m := telemetry.New("1")
	f := front(t, running(), Options{Metrics: m, Limits: Limits{ReadsPerSecond: 1, ReadBurst: 1}})
	for range 2 {
		ask(t, f, "owner", "GET "+poolID+published1, "")
	}
	text := scrape(m)
	for _, want := range []string{`route="` + poolPath + `",status="2xx"} 1`, `route="` + poolPath + `",status="4xx"} 1`, `drey_http_refusals_total{reason="rate"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}

func TestMetricsAndProfilesAreNotOnTheAPI(t *testing.T) {
	t.Parallel()
	f := front(t, running(), Options{})
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars"} {
		if w := ask(t, f, "owner", "GET "+path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d", path, w.Code)
		}
	}
}
