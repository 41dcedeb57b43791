package arm

import (
	"strings"
	"testing"
	"time"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func replace(s, old, new string) string { return strings.Replace(s, old, new, 1) }

// with is a running cluster with an operation.
func with(op lifecycle.Operation) *fakeDoor {
	d := running()
	d.op = op
	return d
}

func TestOperationsOnTheWire(t *testing.T) {
	t.Parallel()
	status, result := operationPath(operation("POST"), "operationStatuses"), operationPath(operation("POST"), "operationResults")
	failed := ended(operation("PUT"), "Failed")
	failed.Error = &lifecycle.OperationError{Code: "JobLaunchFailed", Message: "The jar is not there.", Target: "properties", Hint: "upload it",
		Details: []cluster.Fault{{Code: "X", Target: "t", Message: "m", Hint: "h"}}}
	failedJob := ended(operation("POST"), "Failed")
	failedJob.Error = failed.Error
	deleted := with(ended(operation("DELETE"), "Succeeded"))
	deleted.gone = true
	lastWord := with(ended(operation("POST"), "Succeeded"))
	lastWord.gone, lastWord.op.Action = true, cluster.ActionDelete
	old := operation("POST")
	old.StartedAt = now.Add(-11 * time.Second)
	older := operation("DELETE")
	older.StartedAt = now.Add(-61 * time.Second)
	updated := declared(t)
	updated.op = ended(operation("PUT"), "Succeeded")
	transcribe(t, "operations", []exchange{
		{why: "a POST runs", line: "GET " + status + published1},
		{why: "a POST runs for ten seconds", door: with(old), line: "GET " + status + published1},
		{why: "a DELETE runs for a minute", door: with(older), line: "GET " + status + published1},
		{why: "a PUT runs", door: with(operation("PUT")), line: "GET " + status + ours1},
		{why: "a POST succeeded", door: with(ended(operation("POST"), "Succeeded")), line: "GET " + status + published1},
		{why: "a PUT failed, published", door: with(failed), line: "GET " + status + published1},
		{why: "a PUT failed, ours", door: with(failed), line: "GET " + status + ours1},
		{why: "one was canceled, nobody said why", door: with(ended(operation("POST"), "Canceled")), line: "GET " + status + ours1},
		{why: "for a replay, a failed runJob succeeded", door: with(failedJob), line: "GET " + status + published1, options: Options{RunJobAlwaysSucceeds: true}},
		{why: "the name in another case", line: "GET " + strings.ToLower(status) + published1},
		{why: "the star escaped", line: "GET " + replace(status, "*", "%2A") + published1},
		{why: "an operation of another resource", line: "GET " + status[:len(status)-4] + "0000" + published1},
		{why: "no operation at all", line: "GET " + replace(status, opID, tenantID) + published1},
		{why: "another's operation looks like none", who: "stranger", line: "GET " + status + published1},
		{why: "a reader sees it", who: "reader", line: "GET " + status + ours1},
		{why: "the result is not there yet", line: "GET " + result + published1},
		{why: "the result of runJob is the job", door: with(ended(operation("POST"), "Succeeded")), line: "GET " + result + published1},
		{why: "also when it failed", door: with(failedJob), line: "GET " + result + published1},
		{why: "the result of a DELETE through runJob is the last entry", door: lastWord, line: "GET " + result + published1},
		{why: "the result of a PUT is the cluster", door: updated, line: "GET " + result + published1},
		{why: "the result of a DELETE is nothing", door: deleted, line: "GET " + result + published1},
		{why: "the result of a failed PUT is its error", door: with(failed), line: "GET " + result + published1},
	})
}

func TestRetryAfterIsAWholeNumberOfSecondsThatGrows(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]string{0: "1", 10 * time.Second: "1", 11 * time.Second: "2", time.Minute: "2", 2 * time.Minute: "5", -time.Second: "1"} {
		op := operation("POST")
		op.StartedAt = now.Add(-age)
		if got := front(t, running(), Options{}).retryAfter(op); got != want {
			t.Errorf("after %s it is %s, want %s", age, got, want)
		}
	}
}
