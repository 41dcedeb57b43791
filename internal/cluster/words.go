package cluster

import "fmt"

// Words of provisioningState (R12).
const (
	ProvisioningAccepted  = "Accepted"
	ProvisioningDeleting  = "Deleting"
	ProvisioningSucceeded = "Succeeded"
	ProvisioningFailed    = "Failed"
	ProvisioningCanceled  = "Canceled"
)

// WritingOperation is the newest PUT, PATCH, resize, upgrade, rollback, manageLibraries or DELETE of a resource.
// runJob and the watcher's operations are none of them. The zero value is "never one".
type WritingOperation struct {
	Verb    string // PUT, PATCH, resize, DELETE
	Running bool
	Outcome string // Succeeded, Failed, Canceled; of one that ended
}

// ProvisioningState computes provisioningState; it is never stored (R12).
func ProvisioningState(newest WritingOperation) string {
	switch {
	case newest.Running && newest.Verb == "DELETE":
		return ProvisioningDeleting
	case newest.Running:
		return ProvisioningAccepted
	case newest.Outcome != "":
		return newest.Outcome
	default:
		return ProvisioningSucceeded
	}
}

// Texts of jobOutput (R29). Clients compare them byte for byte.

// OutputStatus is the text while Flink itself is the one to ask.
func OutputStatus(status string) string { return "Flink internal job status : " + status }

// OutputSavepoint is the text after a savepoint.
func OutputSavepoint(uri string) string { return "Savepoint completed. Path: " + uri }

// OutputFailed is the text of a failure: its code, the root cause, and an excerpt of what was logged, or "".
func OutputFailed(code, cause, excerpt string) string {
	s := fmt.Sprintf("Job execution failed. \n%s: %s", code, cause)
	if excerpt != "" {
		s += "\n" + excerpt
	}
	return s
}

// OutputJarMissing is the text if the jar could not be fetched: the original's two lines, then our code.
func OutputJarMissing(code string) string {
	return "Job execution failed. \nFailed to download jar\n" + code
}
