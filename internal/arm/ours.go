package arm

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"drey/internal/arm/v20261101"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// The routes that exist only under our own api-version (docs/decisions/0005).

const operationsShown = 100

func (f *Front) listOperations(w http.ResponseWriter, r *request) error {
	state, err := choice(r.Request, "state", "Active", "Ended")
	if err != nil {
		return err
	}
	name := r.params["cluster"]
	if name == "" {
		if name, err = one(r.Request, "cluster"); err != nil {
			return err
		}
	}
	ops, err := f.door.PoolOperations(r.Context(), r.poolRef(), name, state, operationsShown)
	if err != nil {
		return err
	}
	return writeList(w, ops, "", func(op lifecycle.Operation) any { return v20261101.NewOperation(operationID(r, op), op) })
}

func operationID(r *request, op lifecycle.Operation) string {
	return r.poolRef().ID() + "/operations/" + op.ID
}

func (f *Front) getOperation(w http.ResponseWriter, r *request) error {
	op, err := f.door.Operation(r.Context(), r.params["operation"])
	if e := cluster.AsError(err); e != nil && e.Kind == cluster.NotFound {
		return noOperation() // the same words as for another pool's: neither tells that it exists
	}
	if err != nil {
		return err
	}
	if !strings.HasPrefix(strings.ToLower(op.ResourceID)+"/", strings.ToLower(r.scope())+"/") {
		return noOperation()
	}
	return writeJSON(w, http.StatusOK, v20261101.NewOperation(operationID(r, op), op))
}

func (f *Front) listSavepoints(w http.ResponseWriter, r *request) error {
	all, err := f.door.Savepoints(r.Context(), r.clusterRef())
	if err != nil {
		return err
	}
	return writeList(w, all, "", func(s cluster.Savepoint) any { return v20261101.NewSavepoint(s) })
}

func (f *Front) listLogs(w http.ResponseWriter, r *request) error {
	all, err := f.door.LogSources(r.Context(), r.clusterRef())
	if err != nil {
		return err
	}
	return writeList(w, all, "", func(s lifecycle.LogSource) any { return v20261101.NewLogSource(s) })
}

const followEvery = 300 * time.Millisecond

// readLog streams a process's output; with follow, until the caller goes or the process has ended and all was sent.
func (f *Front) readLog(w http.ResponseWriter, r *request) error {
	cursor, err := cursorOf(r)
	if err != nil {
		return err
	}
	follow, err := choice(r.Request, "follow", "true", "false")
	if err != nil {
		return err
	}
	p := logOf{f, r, r.params["incarnation"], r.params["process"]}
	if follow == "true" {
		p.pin()
	}
	last := follow != "true" || !p.alive() // asked before the read: what is read after a process's end is all there is
	body, from, err := p.read(cursor)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("x-drey-cursor", strconv.FormatInt(from, 10))
	w.WriteHeader(http.StatusOK)
	if s, ok := w.(*response); ok {
		s.streaming = true
	}
	for {
		n, err := io.Copy(w, body)
		if err = errors.Join(err, body.Close()); err != nil || last {
			return gone(r, err)
		}
		if err := pause(w, r); err != nil {
			return gone(r, err)
		}
		last = !p.alive()
		if body, from, err = p.read(from + n); err != nil {
			return gone(r, err)
		}
	}
}

// pause sends what there is and waits for more.
func pause(w http.ResponseWriter, r *request) error {
	if err := http.NewResponseController(w).Flush(); err != nil {
		return err
	}
	timer := time.NewTimer(followEvery)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return r.Context().Err()
	case <-timer.C:
		return nil
	}
}

// gone is nil if the caller went away: nobody is left to be told.
func gone(r *request, err error) error {
	if r.Context().Err() != nil {
		return nil
	}
	return err
}

// logOf is one process's output.
type logOf struct {
	f                    *Front
	r                    *request
	incarnation, process string
}

func (p *logOf) read(cursor int64) (io.ReadCloser, int64, error) {
	return p.f.door.Logs(p.r.Context(), p.r.clusterRef(), p.incarnation, p.process, cursor)
}

// pin makes "newest" the one that is newest now: a follower stays with it when another starts.
func (p *logOf) pin() {
	if !strings.EqualFold(p.incarnation, "newest") {
		return
	}
	all, _ := p.f.door.LogSources(p.r.Context(), p.r.clusterRef()) // read says what is wrong
	for _, s := range all {
		if s.Process == p.process {
			p.incarnation = s.Incarnation
			return
		}
	}
}

// alive reports whether more output may come; when in doubt, it may.
func (p *logOf) alive() bool {
	all, err := p.f.door.LogSources(p.r.Context(), p.r.clusterRef())
	if err != nil {
		return p.r.Context().Err() == nil
	}
	for _, s := range all {
		if s.Process == p.process && strings.HasPrefix(s.Incarnation, strings.ToLower(p.incarnation)) {
			return s.Alive
		}
	}
	return false
}

func cursorOf(r *request) (int64, error) {
	text, err := one(r.Request, "cursor")
	if err != nil || text == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, cluster.Errorf(cluster.Invalid, invalidParameter, "cursor", "A cursor is a number of bytes, 0 or more.")
	}
	return n, nil
}

func (f *Front) upload(w http.ResponseWriter, r *request) error {
	uri, err := one(r.Request, "uri")
	if err != nil {
		return err
	}
	if uri == "" {
		return cluster.Errorf(cluster.Invalid, invalidParameter, "uri", "The query parameter uri is missing: where the file shall lie.")
	}
	done, err := f.door.Upload(r.Context(), r.caller, r.poolRef(), uri, r.Body)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, map[string]any{"uri": done.URI, "sha256": done.SHA256, "bytes": done.Bytes})
}

func (f *Front) about(w http.ResponseWriter, r *request) error {
	a, err := f.door.About(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, v20261101.NewAbout(a))
}

func (f *Front) token(w http.ResponseWriter, r *request) error {
	f.issuer.Token(w, r.withTenant())
	return nil
}

func (f *Front) discovery(w http.ResponseWriter, r *request) error {
	f.issuer.Discovery(w, r.withTenant())
	return nil
}

func (f *Front) keys(w http.ResponseWriter, r *request) error {
	f.issuer.Keys(w, r.withTenant())
	return nil
}

// withTenant hands the path's tenant on in the way net/http does.
func (r *request) withTenant() *http.Request {
	r.SetPathValue("tenant", r.params["tenant"])
	return r.Request
}

// listActions is ARM's list of what can be done here, made from the route table.
func (f *Front) listActions(w http.ResponseWriter, r *request) error {
	rows := []*route{{action: "Microsoft.HDInsight/register/action", says: "Register the resource provider for a subscription."}}
	seen := map[string]bool{}
	for _, rt := range f.routes {
		if rt.says != "" && !rt.byRecord && !seen[rt.action] && slices.Contains(rt.versions, r.version) {
			seen[rt.action] = true
			rows = append(rows, rt)
		}
	}
	return writeList(w, rows, "", func(rt *route) any {
		return map[string]any{"name": rt.action, "isDataAction": false, "origin": "user, system", "display": map[string]string{
			"provider": "Microsoft HDInsight", "resource": rt.resourceType(), "operation": rt.says, "description": rt.says,
		}}
	})
}
