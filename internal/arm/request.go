package arm

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"drey/internal/cluster"
	"drey/internal/identity"
	"drey/internal/lifecycle"
)

const maxBody = 1 << 20 // bytes

// request is an HTTP request with what was found out about it.
type request struct {
	*http.Request
	route       *route            // nil if the path is unknown
	params      map[string]string // of the path
	version     *version          // the published one until another is known
	who         identity.Principal
	caller      lifecycle.Caller
	correlation string
	operation   lifecycle.Operation // of a route whose scope is in the record
}

var (
	guidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	nameForm = regexp.MustCompile(`^[0-9A-Za-z._:-]{1,128}$`)
)

func newRequest(in *http.Request) *request {
	id := newGUID()
	r := &request{Request: in, version: published, correlation: id}
	for _, v := range query(in, "api-version") {
		if v == ours.name {
			r.version = ours // errors found before the route is known are told in its words too
		}
	}
	if c := in.Header.Get("x-ms-correlation-request-id"); nameForm.MatchString(c) {
		r.correlation = c
	}
	r.caller = lifecycle.Caller{RequestID: id, Method: in.Method, URL: in.URL.RequestURI(), DryRun: in.Header.Get(dryRunHeader) == "true", Ignored: new(string)}
	if c := in.Header.Get("x-ms-client-request-id"); nameForm.MatchString(c) {
		r.caller.ClientRequestID = c
	}
	if t := in.Header.Get("x-drey-client-token"); nameForm.MatchString(t) {
		r.caller.ClientToken = t
	}
	return r
}

func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// base is this server's absolute URL as the client wrote it.
func (r *request) base() string { return "https://" + r.Host }

func (r *request) poolRef() cluster.PoolRef {
	return cluster.PoolRef{Subscription: r.params["subscription"], Group: r.params["group"], Pool: r.params["pool"]}
}

func (r *request) clusterRef() cluster.Ref {
	return cluster.Ref{PoolRef: r.poolRef(), Name: r.params["cluster"]}
}

// scope is the ARM id that a right on this path must cover.
func (r *request) scope() string {
	switch {
	case r.params["cluster"] != "":
		return r.clusterRef().ID()
	case r.params["pool"] != "":
		return r.poolRef().ID()
	case r.params["groupName"] != "":
		return "/subscriptions/" + r.params["subscription"] + "/resourceGroups/" + r.params["groupName"]
	case r.params["group"] != "":
		return "/subscriptions/" + r.params["subscription"] + "/resourceGroups/" + r.params["group"]
	case r.params["subscription"] != "":
		return "/subscriptions/" + r.params["subscription"]
	}
	return "/"
}

// json reads a JSON body and notes its digest for the request's hash (R38).
func (r *request) json(w http.ResponseWriter) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") || r.Header.Get("Content-Encoding") != "" {
		return nil, cluster.Errorf(unsupportedMediaType, "", "", "The body must be application/json in UTF-8, not encoded further.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("cannot read the request's body: %w", err)
	}
	sum := sha256.Sum256(body)
	r.caller.BodySHA256 = hex.EncodeToString(sum[:])
	return body, nil
}

// conditions are If-Match and If-None-Match, without quotes.
func (r *request) conditions() lifecycle.Conditions {
	return lifecycle.Conditions{IfMatch: unquote(r.Header.Get("If-Match")), IfNoneMatch: unquote(r.Header.Get("If-None-Match"))}
}

func unquote(etag string) string {
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(etag), "W/"), `"`)
}

func quote(etag string) string { return `"` + unquote(etag) + `"` }
