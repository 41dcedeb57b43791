package arm

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/internal/identity"
)

// failing is a door that answers err to everything.
func failing(err error) *fakeDoor {
	d := running()
	d.err = err
	return d
}

func TestErrorsOnTheWire(t *testing.T) {
	t.Parallel()
	busy := func() *fakeDoor {
		return failing(&cluster.Error{Kind: cluster.Conflict, Code: "AnotherOperationInProgress", Message: "The job is being updated.", Hint: "wait", Operation: opID})
	}
	stop := `{"properties":{"jobType":"FlinkJob","action":"STOP"}}`
	post := "POST " + itsID + "/runJob"
	faulty := `{"location":7,"propertys":{},"properties":{"clusterType":"Flink","clusterType":"x","computeProfile":{"nodes":[{"type":"Worker","vmSize":3,"count":1.5}]},"clusterProfile":[]}}`
	transcribe(t, "errors", []exchange{
		{why: "all faults at once, published", line: "PUT " + itsID + published1, body: faulty},
		{why: "all faults at once, ours", line: "PUT " + itsID + ours1, body: faulty},
		{why: "no JSON", line: post + published1, body: `{"properties"`},
		{why: "no body", line: post + published1, headers: []string{"Content-Type: application/json"}},
		{why: "another type", line: post + published1, body: stop, headers: []string{"Content-Type: text/json"}},
		{why: "another charset", line: post + published1, body: stop, headers: []string{"Content-Type: application/json; charset=utf-16"}},
		{why: "compressed", line: post + published1, body: stop, headers: []string{"Content-Encoding: gzip"}},
		{why: "too large", line: post + published1, body: `{"a":"` + strings.Repeat("x", maxBody) + `"}`},
		{why: "no api-version", line: "GET " + itsID},
		{why: "a malformed one", line: "GET " + itsID + "?api-version=v1"},
		{why: "two of them", line: "GET " + itsID + published1 + "&API-version=2024-05-01"},
		{why: "one that is not known", line: "GET " + itsID + "?api-version=2099-01-01"},
		{why: "its name in another case", line: "GET " + poolID + "?API-VERSION=2024-05-01"},
		{why: "an unknown subscription", line: "GET " + replace(itsID, subID, tenantID) + published1},
		{why: "a subscription that is no GUID", line: "GET " + replace(itsID, subID, "mine") + published1},
		{why: "no such path", line: "GET /subscriptions/" + subID + "/nothing" + published1},
		{why: "an escaped slash makes no segment", line: "GET " + poolID + "%2Fclusters" + published1},
		{why: "another method", line: "PATCH " + itsID + published1, body: "{}"},
		{why: "another method of two", line: "POST " + poolID + "/storage" + ours1, body: "{}"},
		{why: "no right", who: "reader", line: "DELETE " + itsID + published1},
		{why: "no right on this pool", who: "stranger", line: "GET " + poolID + ours1},
		{why: "a conflict names the operation, published", door: busy(), line: post + published1, body: stop},
		{why: "a conflict names the operation, ours", door: busy(), line: post + ours1, body: stop},
		{why: "a precondition", door: failing(cluster.Errorf(cluster.PreconditionFailed, "", "", "It was changed.")), line: "DELETE " + itsID + published1},
		{why: "what we did not foresee stays with us, published", door: failing(fmt.Errorf("open /secret/path: denied")), line: "GET " + poolID + published1},
		{why: "what we did not foresee stays with us, ours", door: failing(fmt.Errorf("open /secret/path: denied")), line: "GET " + poolID + ours1},
		{why: "a cause is not shown", door: failing(cluster.Errorf(cluster.Unavailable, "", "", "The target cannot be reached.")), line: "GET " + poolID + ours1},
	})
}

func TestAnErrorMakesNoClientTryAgain(t *testing.T) {
	t.Parallel()
	for kind, answer := range answers {
		w := ask(t, front(t, failing(&cluster.Error{Kind: kind, Message: "no"}), Options{}), "owner", "GET "+poolID+published1, "")
		if w.Code != answer.status || w.Header().Get("x-ms-error-code") != answer.code {
			t.Errorf("%s: got %d %s", kind, w.Code, w.Body)
		}
		if w.Header().Get("Retry-After") != "" {
			t.Errorf("%s has Retry-After", kind)
		}
	}
}

func TestAnswersToBadTokensTellWhatIsWrong(t *testing.T) {
	t.Parallel()
	clock := now
	owner := clients["owner"]
	issuer, err := identity.NewIssuer(identity.Config{KeyFile: filepath.Join(t.TempDir(), "key.pem"), Tenant: tenantID, Clients: []identity.Client{owner},
		Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	f := New(running(), issuer, Options{Now: func() time.Time { return now }})
	good := "Bearer " + bearer(t, f, "owner")
	if w := ask(t, f, "", "GET "+itsID+published1, "", "Authorization: "+good); w.Code != http.StatusOK {
		t.Fatalf("the good one: %d %s", w.Code, w.Body)
	}
	clock = clock.Add(2 * time.Hour)
	for why, tt := range map[string]struct{ header, code string }{
		"none":                {"", "AuthenticationFailed"},
		"another scheme":      {"Basic eDp5", "AuthenticationFailed"},
		"no token":            {"Bearer x.y.z", "InvalidAuthenticationToken"},
		"one that is too old": {good, "ExpiredAuthenticationToken"},
	} {
		w := ask(t, f, "", "GET "+itsID+published1, "", "Authorization: "+tt.header)
		if w.Code != http.StatusUnauthorized || w.Header().Get("x-ms-error-code") != tt.code {
			t.Errorf("%s: got %d %s", why, w.Code, w.Body)
		}
		want := `Bearer authorization_uri="https://drey.test:8443/` + tenantID + `", error="invalid_token"`
		if !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), want) {
			t.Errorf("%s: WWW-Authenticate is %s", why, w.Header().Get("WWW-Authenticate"))
		}
	}
}
