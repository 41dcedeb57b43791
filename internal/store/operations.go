package store

import (
	"strings"
	"time"
)

// Filter chooses operations. Empty fields choose all.
type Filter struct {
	ResourcePrefixKey string // ARM id, in any case: of the resource, or of one above it
	State             State
	Kind              string
	Limit             int    // 0: none
	Before            string // id of an operation: only older ones (the last of the page before)
}

// Operation gives an operation by its id in any case.
func (t *Tx) Operation(id string) (Operation, error) {
	return one(t, scanOperation, selectOperation+"WHERE id = ?", fold(id))
}

// ActiveOperation gives the active operation on a subject.
func (t *Tx) ActiveOperation(subject string) (Operation, error) {
	return one(t, scanOperation, selectOperation+"WHERE subject = ? AND state = 'Active'", subject)
}

// OpenOperations lists the operations of a target that have not ended, oldest first.
func (t *Tx) OpenOperations(target string) ([]Operation, error) {
	return list(t, scanOperation, selectOperation+"WHERE target = ? AND state <> 'Ended' ORDER BY number", target)
}

// OpenHead is what finding work needs of an operation that has not ended.
type OpenHead struct {
	ID, Subject string
	State       State
}

// OpenHeads lists the heads of what [Tx.OpenOperations] lists. It is asked for at each wake-up, and does not read what the
// operations know.
func (t *Tx) OpenHeads(target string) ([]OpenHead, error) {
	return list(t, scanOpenHead, "SELECT id, subject, state FROM operation WHERE target = ? AND state <> 'Ended' ORDER BY number", target)
}

func scanOpenHead(r row) (h OpenHead, err error) {
	err = r.Scan(&h.ID, &h.Subject, &h.State)
	return h, err
}

// Operations lists chosen operations, newest first. A Before that is gone is ErrNotFound.
func (t *Tx) Operations(f Filter) ([]Operation, error) {
	where, args := []string{"1 = 1"}, []any{}
	if key := strings.TrimRight(fold(f.ResourcePrefixKey), "/"); key != "" {
		where = append(where, "(resource_key = ? OR resource_key > ? AND resource_key < ?)")
		args = append(args, key, key+"/", key+"0") // '0' follows '/'
	}
	if f.State != "" {
		where, args = append(where, "state = ?"), append(args, f.State)
	}
	if f.Kind != "" {
		where, args = append(where, "kind = ?"), append(args, f.Kind)
	}
	if f.Before != "" {
		number, err := one(t, scanInt, "SELECT number FROM operation WHERE id = ?", fold(f.Before))
		if err != nil {
			return nil, err
		}
		where, args = append(where, "number < ?"), append(args, number)
	}
	return list(t, scanOperation, selectOperation+"WHERE "+strings.Join(where, " AND ")+" ORDER BY number DESC LIMIT ?",
		append(args, orAll(f.Limit))...)
}

// NewestOf gives the newest operation of a resource in a lane that was asked for with one of the verbs.
func (t *Tx) NewestOf(resourceKey string, verbs []string, lane Lane) (Operation, error) {
	all, err := t.encode(verbs)
	if err != nil {
		return Operation{}, err
	}
	return one(t, scanOperation, selectOperation+`WHERE resource_key = ? AND lane = ? AND verb IN (SELECT value FROM json_each(?))
		ORDER BY number DESC LIMIT 1`, fold(resourceKey), lane, all)
}

// NewestOfKinds gives the newest operation of a resource that is of one of the kinds.
func (t *Tx) NewestOfKinds(resourceKey string, kinds ...string) (Operation, error) {
	all, err := t.encode(kinds)
	if err != nil {
		return Operation{}, err
	}
	return one(t, scanOperation, selectOperation+`WHERE resource_key = ? AND kind IN (SELECT value FROM json_each(?))
		ORDER BY number DESC LIMIT 1`, fold(resourceKey), all)
}

// ByClientRequest lists the operations that a principal asked for under a client request id since then, newest first:
// several if the client used it for several requests. RequestHash tells them apart.
func (t *Tx) ByClientRequest(principal, clientRequestID string, since time.Time) ([]Operation, error) {
	if clientRequestID == "" {
		return nil, nil
	}
	return list(t, scanOperation, selectOperation+`WHERE client_request_id = ? AND client_request_id <> '' AND principal = ? AND created_at >= ?
		ORDER BY number DESC`, clientRequestID, principal, nanos(since))
}

// ByClientToken gives the newest operation that a principal asked for under a token since then.
func (t *Tx) ByClientToken(principal, token string, since time.Time) (Operation, error) {
	return one(t, scanOperation, selectOperation+`WHERE client_token = ? AND client_token <> '' AND principal = ? AND created_at >= ?
		ORDER BY number DESC LIMIT 1`, token, principal, nanos(since))
}
