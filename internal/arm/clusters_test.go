package arm

import (
	"testing"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func TestClustersOnTheWire(t *testing.T) {
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
		{why: "a create answers what was sent", door: &created, line: "PUT " + itsID + published1, body: flinkBody,
			headers: []string{"x-ms-client-request-id: mine", "x-drey-client-token: once", "If-None-Match: *", "Content-Type: application/json; charset=utf-8"}},
		{why: "an update keeps the server's parts; what is unknown is named", door: made, line: "PUT " + itsID + published1, body: flinkBody[:1] + `"a,b":1,"zones":[],` + flinkBody[1:],
			headers: []string{`If-Match: "x"`}},
		{why: "ours takes the job's configuration and shows no Head", door: declared(t), line: "PUT " + itsID + ours1,
			body: replace(flinkBody, `"deploymentMode"`, `"flinkConfiguration":{"parallelism":3},"deploymentMode"`)},
		{why: "ours takes a pod template", door: declared(t), line: "PUT " + itsID + ours1,
			body: replace(flinkBody, `"deploymentMode"`, `"podTemplate":{"nodeSelector":{"disk":"ssd"},"tolerations":[{"key":"a","tolerationSeconds":3}]},"deploymentMode"`)},
		{why: "a cluster, published", door: declared(t), line: "GET " + itsID + published1},
		{why: "a cluster, ours", door: declared(t), line: "GET " + itsID + ours1},
		{why: "a page of clusters", door: paged, line: "GET " + poolID + "/clusters" + published1 + "&$top=1&%24skipToken=" + token(poolID+"/clusters", "abc")},
		{why: "a list that cannot be filtered", door: paged, line: "GET " + poolID + "/clusters" + published1 + "&%24filter=name%20eq%20'x'"},
		{why: "a delete", door: refused, line: "DELETE " + itsID + ours1 + "&purge=logs,checkpoints"},
		{why: "a delete of nothing", door: absent, line: "DELETE " + itsID + published1},
		{why: "a cluster that is not there", door: absent, line: "GET " + itsID + published1},
	})
}

func TestChangesOfAClusterOnTheWire(t *testing.T) {
	t.Parallel()
	patched, resized, done, absent, matched := declared(t), running(), declared(t), running(), declared(t)
	patched.op, resized.op, done.op = operation("PATCH"), operation("resize"), ended(operation("resize"), "Succeeded")
	resized.view, absent.err = patched.view, notThere()
	upgraded := running()
	upgraded.op = operation(lifecycle.VerbUpgrade)
	matched.err = cluster.Errorf(cluster.PreconditionFailed, "PreconditionFailed", "", "The cluster was changed meanwhile: its ETag is another one.")
	status := "GET " + operationPath(resized.op, "operationStatuses") + published1
	transcribe(t, "changes", []exchange{
		{why: "tags by PATCH", door: patched, line: "PATCH " + itsID + published1, body: `{"tags":{"Team":"b"},"new":1}`, headers: []string{`If-Match: W/"x"`}},
		{why: "ours refuses what it does not know", door: patched, line: "PATCH " + itsID + ours1, body: `{"new":1}`},
		{why: "a PATCH of what was changed meanwhile", door: matched, line: "PATCH " + itsID + published1, body: `{}`, headers: []string{`If-Match: "x"`}},
		{why: "a PATCH of nothing", door: absent, line: "PATCH " + itsID + published1, body: `{}`},
		{why: "a PATCH by someone who may act on jobs only", who: "operator", line: "PATCH " + itsID + published1, body: `{}`},
		{why: "a resize, as recorded", door: resized, line: "POST " + itsID + "/resize" + preview1, body: `{"location":"eastus2","properties":{"targetWorkerNodeCount":4}}`},
		{why: "a resize by a number that is none", line: "POST " + itsID + "/resize" + published1, body: `{"properties":{"targetWorkerNodeCount":"4"}}`},
		{why: "ours refuses more of a resize", line: "POST " + itsID + "/resize" + ours1, body: `{"properties":{"targetWorkerNodeCount":4,"wait":true}}`},
		{why: "a resize by someone who may act on jobs only", who: "operator", line: "POST " + itsID + "/resize" + published1, body: `{"properties":{"targetWorkerNodeCount":4}}`},
		{why: "the status of a resize", door: resized, line: status},
		{why: "the result of a resize is the cluster", door: done, line: "GET " + operationPath(done.op, "operationResults") + published1},
		{why: "an upgrade", door: upgraded, line: "POST " + itsID + "/upgrade" + preview1, headers: []string{`If-Match: "x"`},
			body: `{"properties":{"upgradeType":"PatchVersionUpgrade","targetOssVersion":"2.3.0","targetClusterVersion":"1.2.2","targetBuildNumber":"3","componentName":"FlinkAppInstance"}}`},
		{why: "an upgrade to nowhere", line: "POST " + itsID + "/upgrade" + published1, body: `{"properties":{}}`},
		{why: "an upgrade by someone who may act on jobs only", who: "operator", line: "POST " + itsID + "/upgrade" + published1, body: `{"properties":{"upgradeType":"AKSPatchUpgrade"}}`},
		{why: "what an upgrade would do", door: upgraded, line: "POST " + itsID + "/upgrade" + ours1, body: `{"properties":{"upgradeType":"PatchVersionUpgrade","targetOssVersion":"2.3.0"}}`,
			headers: []string{"x-drey-dry-run: true"}},
		{why: "the status of an upgrade", door: upgraded, line: "GET " + operationPath(upgraded.op, "operationStatuses") + published1},
		{why: "what there is to upgrade to", line: "GET " + itsID + "/availableUpgrades" + published1},
		{why: "a version that knows no such upgrades", line: "GET " + itsID + "/availableupgrades" + "?api-version=2023-11-01-preview"},
		{why: "the upgrades that were tried", line: "GET " + itsID + "/upgradeHistories" + preview1},
		{why: "a version without histories", line: "GET " + itsID + "/upgradeHistories" + "?api-version=2023-11-01-preview"},
		{why: "the instance view", line: "GET " + itsID + "/instanceViews/default" + published1},
		{why: "the instance views", line: "GET " + itsID + "/instanceviews" + preview1},
		{why: "the service configurations", line: "GET " + itsID + "/serviceConfigs" + published1},
		{why: "the views of a cluster that is not there", door: absent, line: "GET " + itsID + "/instanceViews/default" + published1},
		{why: "a cluster, 2024-05-01-preview", door: complete(), line: "GET " + itsID + preview1},
		{why: "a cluster, 2023-11-01-preview", door: declared(t), line: "GET " + itsID + "?api-version=2023-11-01-preview"},
		{why: "a cluster, 2023-06-01-preview", door: declared(t), line: "GET " + itsID + "?api-version=2023-06-01-preview"},
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
