package store

// AddAudit adds a decided request.
func (t *Tx) AddAudit(a AuditRow) error {
	_, err := t.exec("INSERT INTO audit (at, principal, action, resource, decision, request_id, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
		nanos(a.At), a.Principal, a.Action, a.Resource, a.Decision, a.RequestID, a.Detail)
	return err
}

// Audit lists the last decided requests, newest first; a limit of 0 is none.
func (t *Tx) Audit(limit int) ([]AuditRow, error) {
	return list(t, scanAudit, "SELECT at, principal, action, resource, decision, request_id, detail FROM audit ORDER BY number DESC LIMIT ?",
		orAll(limit))
}

func scanAudit(r row) (AuditRow, error) {
	var a AuditRow
	var at int64
	err := r.Scan(&at, &a.Principal, &a.Action, &a.Resource, &a.Decision, &a.RequestID, &a.Detail)
	a.At = moment(at)
	return a, err
}
