// Package gate tests our Java gate on real Flink without a server: what it prepares and reports before it is ready, and that
// nothing of that is left when the job runs.
package gate

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drey/internal/flink"
	"drey/internal/runtime"
)

// report is the gate's report as docs/decisions/0006 has it.
type report struct {
	At, PlanMillis, WarmUpMillis int64
	WarmUpFailure                string
	Failure                      *struct{ Class, Message, Stack string }
	Graph                        *struct {
		Name     string
		Vertices []vertex
	}
}

type vertex struct {
	ID, Name                    string
	Parallelism, MaxParallelism int
	Operators                   []operator
}

type operator struct {
	ID, Name                    string
	UID                         *string
	Parallelism, MaxParallelism int
}

func TestARehearsedAndWarmGateLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	c := start(t, "witness.jar", 1, []string{flink.PreparePlan, flink.PrepareWarmUp}, "--rate", "100")
	got := c.report()
	if got.Failure != nil || got.WarmUpFailure != "" || got.WarmUpMillis <= 0 || got.PlanMillis <= 0 || got.At <= 0 {
		t.Errorf("report is %+v", got)
	}
	t.Logf("plan %d ms, warm-up %d ms", got.PlanMillis, got.WarmUpMillis)
	if slots := get[slots](c, "/overview"); slots.Available != 1 || slots.Total != 1 {
		t.Errorf("at ready %d of %d slots are free, want all", slots.Available, slots.Total)
	}
	if left := c.checkpoints(); len(left) > 0 {
		t.Errorf("the warm-up left %v", left)
	}

	c.release()
	c.await("the job RUNNING under its id", func() bool { return get[status](c, "/jobs/"+jobID+"/status").Status == "RUNNING" })
	if jobs := c.gate().Jobs; !slices.Equal(jobs, []string{jobID}) {
		t.Errorf("main() submitted %v, want %s alone", jobs, jobID)
	}
	checkGraph(t, got, c.stateIDs())
	if sent := c.blobs(); len(sent) > 0 {
		t.Errorf("the job's jar, which every process has, was sent: %v", sent)
	}
}

// checkGraph compares what the rehearsal saw with what the job wrote.
func checkGraph(t *testing.T, r report, written []string) {
	t.Helper()
	if r.Graph == nil || r.Graph.Name != "witness v1" {
		t.Fatalf("report has no graph of the witness: %+v", r)
	}
	uids := map[string]operator{}
	var ids []string
	for _, v := range r.Graph.Vertices {
		if v.ID == "" || v.Name == "" || v.Parallelism != 1 || v.MaxParallelism != -1 {
			t.Errorf("vertex is %+v", v)
		}
		for _, o := range v.Operators {
			ids = append(ids, o.ID)
			if o.UID != nil {
				uids[*o.UID] = o
			}
		}
	}
	for _, uid := range []string{"sequence", "throttle", "counter"} {
		if o := uids[uid]; len(o.ID) != 32 || o.Name == "" || o.Parallelism != 1 || o.MaxParallelism != -1 {
			t.Errorf("operator %s is %+v, of %v", uid, o, uids)
		}
	}
	for _, id := range written {
		if !slices.Contains(ids, id) {
			t.Errorf("the checkpoint has state of %s, the rehearsal saw %v", id, ids)
		}
	}
}

func TestWhatMainThrowsInTheRehearsalIsReportedAndTheGateIsReady(t *testing.T) {
	t.Parallel()
	got := start(t, "jobs.jar", 0, []string{flink.PreparePlan, flink.PrepareWarmUp}, "throws").report()
	if got.Failure == nil || got.Failure.Class != "java.lang.IllegalStateException" || got.Failure.Message != "thrown by main() on request" || got.Failure.Stack == "" {
		t.Errorf("failure is %+v", got.Failure)
	}
	if got.Graph != nil || got.WarmUpMillis != 0 || got.WarmUpFailure != "" {
		t.Errorf("after that there is more in the report: %+v", got)
	}
}

func TestAMainWithoutExecuteHasNeitherGraphNorFailure(t *testing.T) {
	t.Parallel()
	got := start(t, "jobs.jar", 0, []string{flink.PreparePlan}, "nothing").report()
	if got.Graph != nil || got.Failure != nil || got.At <= 0 {
		t.Errorf("report is %+v", got)
	}
}

func (c *cluster) report() report {
	c.t.Helper()
	raw, err := c.runtime.Report(c.t.Context(), id)
	if err != nil || raw == nil {
		c.t.Fatalf("no report: %v\n%s", err, c.log())
	}
	var r report
	if err := json.Unmarshal(raw, &r); err != nil {
		c.t.Fatalf("report %s: %v", raw, err)
	}
	return r
}

// blobs are the files that the job's processes have of Flink's blob server.
func (c *cluster) blobs() (files []string) {
	err := filepath.WalkDir(c.dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(path), "blob_") {
			files = append(files, path)
		}
		if errors.Is(err, fs.ErrNotExist) { // a working file of Flink's, gone meanwhile
			return nil
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return files
}

// checkpoints are the entries of the job's checkpoint directory.
func (c *cluster) checkpoints() []string {
	entries, err := filepath.Glob(filepath.Join(c.storage, "account", "state", "checkpoints", "*"))
	if err != nil {
		c.t.Fatal(err)
	}
	return entries
}

// stateIDs waits for a checkpoint of the job and reads whose state is in it.
func (c *cluster) stateIDs() []string {
	var files []string
	c.await("a checkpoint", func() bool {
		files, _ = filepath.Glob(filepath.Join(c.storage, "account", "state", "checkpoints", jobID, "chk-*", "_metadata"))
		return len(files) > 0
	})
	raw, err := os.ReadFile(files[0])
	if err != nil {
		c.t.Fatal(err)
	}
	metadata, err := flink.ReadMetadata(raw)
	if err != nil {
		c.t.Fatal(err)
	}
	var ids []string
	for _, o := range metadata.Operators {
		ids = append(ids, o.ID)
	}
	return ids
}

func (c *cluster) gate() runtime.GateInfo {
	c.t.Helper()
	var gate runtime.GateInfo
	c.await("the end of main()", func() bool {
		gate = c.jobManager().Gate
		return gate.Gate == runtime.GateDone
	})
	return gate
}
