package arm

import "testing"

func TestDryRunsOnTheWire(t *testing.T) {
	t.Parallel()
	put, patched, removed, kept := declared(t), declared(t), running(), declared(t)
	put.op, patched.op, removed.op, kept.op = operation("PUT"), operation("PATCH"), operation("DELETE"), ended(operation("PATCH"), "Succeeded")
	dry := []string{"x-drey-dry-run: true"}
	transcribe(t, "dryruns", []exchange{
		{why: "a create", door: put, line: "PUT " + itsID + published1, body: flinkBody, headers: dry},
		{why: "a change", door: patched, line: "PATCH " + itsID + published1, body: `{"tags":{"Team":"b"}}`, headers: dry},
		{why: "a change that begins nothing", door: kept, line: "PATCH " + itsID + published1, body: `{"tags":{"Team":"b"}}`, headers: dry},
		{why: "a delete", door: removed, line: "DELETE " + itsID + published1, headers: dry},
		{why: "an action on the job", line: "POST " + itsID + "/runJob" + published1, body: `{"properties":{"jobType":"FlinkJob","action":"STOP"}}`, headers: dry},
		{why: "where there is none it is refused", line: "DELETE " + poolID + "/storage" + ours1 + "&uri=abfs://a@b/c", headers: dry},
		{why: "another value", line: "DELETE " + itsID + published1, headers: []string{"x-drey-dry-run: 1"}},
		{why: "by someone who may act on jobs only", who: "operator", line: "PATCH " + itsID + published1, body: `{}`, headers: dry},
	})
}
