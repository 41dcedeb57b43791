package simtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
)

func TestThePublishedExamplesOfPoolsAreServed(t *testing.T) {
	t.Parallel()
	eachVisitor(t, func(v *visitor) {
		for _, name := range []string{"CreateClusterPool", "CreateClusterPoolWithPrivateAks", "CreateClusterPoolWithUDRAks"} {
			if v.folder == "2023-06-01-preview" && name != "CreateClusterPool" {
				continue
			}
			e := v.example(name)
			if name != "CreateClusterPool" { // a pool's network is for life
				v.done(http.StatusAccepted, "DELETE", e.pool, nil)
			}
			v.done(http.StatusCreated, "PUT", e.pool, e.body)
			got := v.shows(e.pool, e.answer)
			if v.version == "2024-05-01" {
				delete(e.body["properties"].(map[string]any)["computeProfile"].(map[string]any), "availabilityZones")
			}
			for _, fault := range contains("", e.body, got) {
				v.Errorf("%s: %s", name, fault)
			}
		}
		e := v.example("PatchClusterPool")
		v.done(http.StatusAccepted, "PATCH", e.pool, e.body)
		got := v.shows(e.pool, e.answer)
		for _, fault := range contains("", e.body, got) {
			v.Errorf("PatchClusterPool: %s", fault)
		}
		list := v.example("ListClusterPools")
		v.shows(list.group+"/providers/Microsoft.HDInsight/clusterPools", list.answer)
		list = v.example("ListClusterPoolsSubscription")
		v.shows("/subscriptions/"+pool.Subscription+"/providers/Microsoft.HDInsight/clusterPools", list.answer)
		v.done(http.StatusAccepted, "DELETE", e.pool, nil)
		if code, _, _ := v.send("DELETE", e.pool, nil); code != http.StatusNoContent {
			v.Errorf("a second DELETE: %d", code)
		}
	})
}

func TestThePublishedExamplesOfClustersAreServedForFlink(t *testing.T) {
	t.Parallel()
	eachVisitor(t, func(v *visitor) {
		e := v.example("CreateClusterPool")
		v.done(http.StatusCreated, "PUT", e.pool, e.body)
		for _, name := range []string{"CreateAutoscaleCluster", "CreateSparkCluster", "CreateSparkClusterWithInternalIngress", "CreateRangerCluster"} {
			if v.folder == "2023-06-01-preview" && strings.HasSuffix(name, "Ingress") || v.folder == "2023-06-01-preview" && name == "CreateRangerCluster" {
				continue
			}
			e = v.example(name)
			v.refused(http.StatusBadRequest, "ClusterTypeNotSupported", "PUT", e.cluster, e.body)
		}
		v.flinkIsMade()
		v.flinkIsChanged()
		v.flinkRuns()
		v.flinkIsSeen()
		e = v.example("DeleteCluster")
		v.done(http.StatusAccepted, "DELETE", e.cluster, nil)
		v.refused(http.StatusNotFound, "ResourceNotFound", "GET", e.cluster, nil)
		if code, _, _ := v.send("DELETE", e.cluster, nil); code != http.StatusNoContent {
			v.Errorf("a second DELETE: %d", code)
		}
	})
}

// refused sends a request that must be refused.
func (v *visitor) refused(status int, code, method, path string, body any) {
	v.Helper()
	got, header, answer := v.send(method, path, body)
	if got != status || header.Get("x-ms-error-code") != code {
		v.Errorf("%s %s: %d %s, want %d %s: %s", method, path, got, header.Get("x-ms-error-code"), status, code, answer)
	}
}

// flinkIsMade sends the example of a cluster as one of Flink. The first version knows no application mode, so there a newer one makes it.
func (v *visitor) flinkIsMade() {
	e := v.example("CreateAutoscaleCluster")
	properties := e.body["properties"].(map[string]any)
	properties["clusterType"] = "Flink"
	profile := properties["clusterProfile"].(map[string]any)
	profile["ossVersion"], profile["clusterVersion"] = "2.3.0", "1.2.2"
	delete(profile, "trinoProfile")
	profile["autoscaleProfile"].(map[string]any)["gracefulDecommissionTimeout"] = float64(-1) // Flink has none
	profile["flinkProfile"] = map[string]any{
		"storage": map[string]any{"storageUri": account}, "jobManager": map[string]any{"cpu": 1.0, "memory": 2000.0}, "taskManager": map[string]any{"cpu": 2.0, "memory": 2000.0},
		"deploymentMode": "Application",
		"jobSpec":        map[string]any{"jobJarDirectory": account + "/jars", "jarName": "job.jar", "entryClass": "Counter", "upgradeMode": "UPDATE"},
	}
	v.withoutAutoscale("PUT", e)
	if v.folder == "2023-06-01-preview" {
		v.refused(http.StatusBadRequest, "DeploymentModeNotSupported", "PUT", e.cluster, e.body)
		v.done(http.StatusCreated, "PUT", e.cluster+"?api-version=2023-11-01-preview", e.body)
		flink := profile["flinkProfile"].(map[string]any)
		delete(flink, "deploymentMode")
		delete(flink, "jobSpec")
	} else {
		v.done(http.StatusCreated, "PUT", e.cluster, e.body)
	}
	sent := e.body
	switch v.version {
	case "2024-05-01":
		delete(properties["computeProfile"].(map[string]any), "availabilityZones")
	case "2023-11-01-preview", "2023-06-01-preview":
		if ssh, ok := profile["sshProfile"].(map[string]any); ok {
			delete(ssh, "vmSize")
		}
	}
	got := v.shows(e.cluster, v.example("GetCluster").answer)
	for _, fault := range contains("", sent, got) {
		v.Errorf("the cluster: %s", fault)
	}
	list := v.example("ListClustersByClusterPoolName")
	v.shows(e.pool+"/clusters", list.answer)
	before := len(v.ledger.all())
	v.done(http.StatusCreated, "PUT", e.cluster, sent)
	if after := len(v.ledger.all()); after != before {
		v.Errorf("the same PUT again started the job %d times", after-before)
	}
}

// withoutAutoscale takes the switch out of a request, which is refused for it as yet: the rest is stored and echoed.
func (v *visitor) withoutAutoscale(method string, e example) {
	v.Helper()
	autoscale := e.body["properties"].(map[string]any)["clusterProfile"].(map[string]any)["autoscaleProfile"].(map[string]any)
	if code, _, answer := v.send(method, e.cluster, e.body); code != http.StatusBadRequest || !strings.Contains(string(answer), "AutoscaleNotAvailable") {
		v.Errorf("%s with autoscale on: %d %s", method, code, answer)
	}
	autoscale["enabled"] = false
}

// flinkIsChanged sends the examples of PATCH and resize.
func (v *visitor) flinkIsChanged() {
	e := v.example("PatchCluster")
	v.refused(http.StatusBadRequest, "InvalidRequestContent", "PATCH", e.cluster, e.body) // services that Flink has not, logs that the pool does not allow
	profile := e.body["properties"].(map[string]any)["clusterProfile"].(map[string]any)
	delete(profile, "logAnalyticsProfile")
	profile["serviceConfigsProfiles"] = []any{map[string]any{"serviceName": "flink-operator", "configs": []any{map[string]any{"component": "flink-configs",
		"files": []any{map[string]any{"fileName": "flink-conf.yaml", "values": map[string]any{"Test.config.1": "1"}}}}}}}
	v.withoutAutoscale("PATCH", e)
	v.done(http.StatusAccepted, "PATCH", e.cluster, e.body)
	got := v.shows(e.cluster, e.answer)
	for _, fault := range contains("", e.body, got) {
		v.Errorf("PatchCluster: %s", fault)
	}
	e = v.example("ResizeCluster")
	header := v.done(http.StatusAccepted, "POST", e.cluster+"/resize", e.body)
	_, _, result := v.send("GET", strings.TrimPrefix(header.Get("Location"), "https://drey.test"), nil)
	got = v.shows(e.cluster, e.answer)
	var resized map[string]any
	if err := json.Unmarshal(result, &resized); err != nil || len(shape("", got, resized)) > 0 {
		v.Errorf("the result of the resize is %s", result)
	}
	nodes := got["properties"].(map[string]any)["computeProfile"].(map[string]any)["nodes"].([]any)
	if want := e.body["properties"].(map[string]any)["targetWorkerNodeCount"]; nodes[1].(map[string]any)["count"] != want {
		v.Errorf("after the resize to %v: %v", want, nodes)
	}
}

// flinkIsSeen sends the examples of what can only be read.
func (v *visitor) flinkIsSeen() {
	e := v.example("GetClusterInstanceView")
	at := v.example("GetCluster").cluster
	view := v.shows(at+"/instanceViews/default", e.answer)
	if status := view["properties"].(map[string]any)["status"].(map[string]any); status["ready"] != "True" {
		v.Errorf("the job runs, and its view is %v", view)
	}
	v.shows(at+"/instanceViews", v.example("ListClusterInstanceViews").answer)
	configs := v.example("ListClusterServiceConfigs").answer
	delete(configs["value"].([]any)[0].(map[string]any)["properties"].(map[string]any), "content") // of a file that has no keys
	got := v.shows(at+"/serviceConfigs", configs)
	file := got["value"].([]any)[0].(map[string]any)["properties"].(map[string]any)
	custom, defaults := file["customKeys"].(map[string]any), file["defaultKeys"].(map[string]any)
	if custom["Test.config.1"] != "1" || defaults["heartbeat.interval"] == nil || defaults["Test.config.1"] != nil || defaults["cluster.id"] != nil {
		v.Errorf("the configuration is %v", file)
	}
}

// flinkRuns sends the example of a job, which starts one that was stopped.
func (v *visitor) flinkRuns() {
	e := v.example("RunClusterJob")
	e.cluster = v.example("GetCluster").cluster
	job := e.body["properties"].(map[string]any)
	path := e.cluster + "/runJob"
	v.refused(http.StatusNotFound, "JobNotFound", "POST", path, e.body)
	job["jobName"], job["jarName"], job["entryClass"] = e.cluster[strings.LastIndex(e.cluster, "/")+1:], "job.jar", "Counter"
	job["jobJarDirectory"] = account + "/jars"
	job["flinkConfiguration"].(map[string]any)["savepoint.directory"] = account + "/savepoint"
	v.refused(http.StatusConflict, "JobAlreadyRunning", "POST", path, e.body)
	stop := map[string]any{"properties": map[string]any{"jobType": "FlinkJob", "action": "STOP"}}
	v.done(http.StatusAccepted, "POST", path, stop)
	header := v.done(http.StatusAccepted, "POST", path, e.body)
	_, _, raw := v.send("GET", strings.TrimPrefix(header.Get("Location"), "https://drey.test"), nil)
	var result map[string]any
	if err := json.Unmarshal(raw, &result); err != nil {
		v.Fatal(err)
	}
	want := maps.Clone(e.answer["properties"].(map[string]any))
	if v.folder == "2023-06-01-preview" {
		delete(want, "runId")
	}
	for _, fault := range append(shape("", map[string]any{"properties": want}, result), contains("", e.body, result)...) {
		v.Errorf("the result of the job: %s", fault)
	}
	list := v.example("ListClusterJobs")
	for _, item := range list.answer["value"].([]any) {
		p := item.(map[string]any)["properties"].(map[string]any)
		delete(p, "args") // this job has none
		if v.folder == "2023-06-01-preview" {
			delete(p, "runId")
		}
	}
	v.shows(e.cluster+"/jobs", list.answer)
}
