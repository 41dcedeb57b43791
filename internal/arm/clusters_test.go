package arm

import "testing"

func TestPoolsAndClustersOnTheWire(t *testing.T) {
	t.Parallel()
	absent, paged, made := running(), declared(t), declared(t)
	absent.gone = true
	paged.next = "abc+/="
	made.op = operation("PUT")
	created := *absent
	created.op = operation("PUT")
	refused := running()
	refused.op = operation("DELETE")
	transcribe(t, "clusters", []exchange{
		{why: "a pool", line: "GET " + poolID + published1},
		{why: "the pools of a subscription", line: "GET /subscriptions/" + subID + "/providers/Microsoft.HDInsight/clusterPools" + published1},
		{why: "the pools of a group", line: "GET /subscriptions/" + subID + "/resourcegroups/GROUP1/providers/microsoft.hdinsight//clusterpools/" + ours1},
		{why: "a create answers what was sent", door: &created, line: "PUT " + itsID + published1, body: flinkBody,
			headers: []string{"x-ms-client-request-id: mine", "x-drey-client-token: once", "If-None-Match: *", "Content-Type: application/json; charset=utf-8"}},
		{why: "an update keeps the server's parts; what is unknown is named", door: made, line: "PUT " + itsID + published1, body: flinkBody[:1] + `"a,b":1,"zones":[],` + flinkBody[1:],
			headers: []string{`If-Match: "x"`}},
		{why: "ours takes the job's configuration and shows no Head", door: declared(t), line: "PUT " + itsID + ours1,
			body: replace(flinkBody, `"deploymentMode"`, `"flinkConfiguration":{"parallelism":3},"deploymentMode"`)},
		{why: "a cluster, published", door: declared(t), line: "GET " + itsID + published1},
		{why: "a cluster, ours", door: declared(t), line: "GET " + itsID + ours1},
		{why: "a page of clusters", door: paged, line: "GET " + poolID + "/clusters" + published1 + "&$top=1&%24skipToken=xyz"},
		{why: "a delete", door: refused, line: "DELETE " + itsID + ours1 + "&purge=logs,checkpoints"},
		{why: "a delete of nothing", door: absent, line: "DELETE " + itsID + published1},
		{why: "a cluster that is not there", door: absent, line: "GET " + itsID + published1},
	})
}

func TestJobsOnTheWire(t *testing.T) {
	t.Parallel()
	failed := running()
	j := &failed.jobs[0]
	j.Launch.Args = nil
	j.Action, j.ActionResult, j.Status, j.FlinkJobID, j.LastSavepoint = "NEW", "FAILED", "JOB_LAUNCH_FAILED", "", ""
	j.Output = "Job execution failed. \nFailed to download jar"
	run := func(properties string) string { return `{"properties":{"jobType":"FlinkJob",` + properties + `}}` }
	jobs := "GET " + itsID + "/jobs" + published1
	transcribe(t, "jobs", []exchange{
		{why: "an action", line: "POST " + itsID + "/runjob" + published1, body: run(`"action":"update","jarName":"b.jar","args":"--a b","flinkConfiguration":{"parallelism":1},"new":1`)},
		{why: "an action by someone who may act on jobs only", who: "operator", line: "POST " + itsID + "/runJob" + ours1, body: run(`"action":"STOP"`)},
		{why: "ours lets an update leave state behind", line: "POST " + itsID + "/runJob" + ours1, body: run(`"action":"UPDATE","allowNonRestoredState":true`)},
		{why: "published versions do not know that", line: "POST " + itsID + "/runJob" + published1, body: run(`"action":"UPDATE","allowNonRestoredState":true`)},
		{why: "he may not delete the cluster that way", who: "operator", line: "POST " + itsID + "/runJob" + ours1, body: run(`"action":"delete"`)},
		{why: "for a replay, Location is the status", line: "POST " + itsID + "/runJob" + published1, body: run(`"action":"STOP"`),
			options: Options{SameLocation: func(s string) bool { return s == subID }}},
		{why: "a running job", line: jobs},
		{why: "a running job, ours", line: "GET " + itsID + "/jobs" + ours1},
		{why: "a job whose jar was not there, as recorded", door: failed, line: jobs},
		{why: "filtered by name", line: jobs + "&$filter=jobName%20eq%20'CLUSTER1'"},
		{why: "filtered away by jar", line: jobs + "&$filter=JarName+eq+other.jar"},
		{why: "a filter that is none", line: jobs + "&$filter=status%20eq%20RUNNING"},
	})
}
