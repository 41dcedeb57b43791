package cli

import (
	"fmt"
	"net/http"
	"strings"
)

const newCluster = `
type: Microsoft.HDInsight/clusterpools/clusters
apiVersion: 2026-11-01
name: local/fresh
location: local
properties: {clusterType: Flink}
`

const savepoint1 = `{"name":"savepoint-1a2b3c-4d5e6f7a8b9c","properties":{"id":"5f0011112222333344445555aaaabbbb","uri":"abfs://flink@local.dfs.core.windows.net/d1/savepoints/savepoint-1a2b3c-4d5e6f7a8b9c",
	"origin":"stop","complete":true,"sizeBytes":1288490188,"checkpointId":4711,"version":2,"completedAt":"2026-11-25T10:00:00Z","incarnation":"2b2b000011112222"}}`

const operation1 = `{"id":"x","name":"7c1f20aa-0000-4000-a000-000000000001","properties":{"resourceId":"/x/clusters/orders","kind":"job.stop","action":"STOP","lane":"caller","status":"Failed",
	"percentComplete":50,"startTime":"2026-11-25T11:59:00Z","endTime":"2026-11-25T12:00:00Z","principal":"p1","step":"await","error":{"code":"SavepointFailed","message":"2 of 24 tasks did not answer.","hint":"try again"},
	"steps":[{"name":"trigger","state":"done"},{"name":"await","state":"failed"},{"name":"end","state":"pending"}],"lines":[{"time":"2026-11-25T11:59:01Z","step":"trigger","text":"a savepoint is asked for"}]}}`

func fakePool(name string) string {
	return `{"id":"` + strings.Replace(poolID, "/local", "/"+name, 1) + `","name":"` + name + `","type":"microsoft.hdinsight/clusterpools","location":"local","tags":{"team":"flink"},"systemData":{"createdAt":"2026-11-20T12:00:00Z"},
	"properties":{"provisioningState":"Succeeded","deploymentId":"e1","status":"Running","clusterPoolProfile":{"clusterPoolVersion":"1.2"},"computeProfile":{"vmSize":"Standard_D4s_v5","count":3}}}`
}

// more answers what only tests of the whole tree ask for, and says whether it did.
func (f *fake) more(w http.ResponseWriter, r *http.Request, path string, say func(int, string), async func()) bool {
	pools := strings.TrimSuffix(poolID, "/local")
	name := strings.TrimPrefix(r.URL.Path, pools+"/")
	const groups = "/subscriptions/s/resourceGroups"
	group := func(name string) string {
		return `{"id":"` + groups + "/" + name + `","name":"` + name + `","type":"Microsoft.Resources/resourceGroups","location":"local","tags":{"team":"flink"},"properties":{"provisioningState":"Succeeded"}}`
	}
	switch {
	case r.URL.Path == "/subscriptions/s"+poolsBelow:
		say(200, `{"value":[`+fakePool("local")+`]}`)
	case r.URL.Path == groups:
		say(200, `{"value":[`+group("analytics")+`,`+group("dev")+`]}`)
	case r.URL.Path == groups+"/analytics":
		f.resource(w, r, say, async, group("analytics"))
	case r.URL.Path == groups+"/analytics"+poolsBelow:
		say(200, `{"value":[`+fakePool("local")+`]}`)
	case strings.Contains(r.URL.Path, "/operationStatuses/"):
		say(200, `{"status":"`+f.outcome+`","startTime":"2026-11-25T12:00:00Z","endTime":"2026-11-25T12:00:01Z"}`)
	case r.URL.Path == pools:
		say(200, `{"value":[`+fakePool("analytics")+`,`+fakePool("local")+`]}`)
	case r.URL.Path == poolID && path == "" || r.URL.Path == pools+"/analytics":
		f.resource(w, r, say, async, fakePool(name))
	case strings.HasSuffix(r.URL.Path, "/locations/local/availableClusterVersions"):
		say(200, `{"value":[{"name":"flink_2.3.0-1.2.2","properties":{"clusterType":"Flink","clusterVersion":"1.2.2","ossVersion":"2.3.0","clusterPoolVersion":"1.2","isPreview":false,
			"components":[{"name":"Flink","version":"2.3.0"}]}}]}`)
	case path == "/operations" || path == "/clusters/orders/operations":
		say(200, `{"value":[`+operation1+`]}`)
	case r.URL.Path == pools+"/analytics/operations/"+guidOfOp:
		r.URL.Path = poolID + "/operations/" + guidOfOp
		f.answer(w, r)
	case path == "/operations/"+guidOfOp && f.outcome == "listed":
		say(200, operation1)
	case path == "/clusters/orders/savepoints":
		say(200, `{"value":[`+savepoint1+`]}`)
	case path == "/clusters/orders/availableUpgrades":
		say(200, `{"value":[{"id":"x","name":"PatchVersionUpgrade_FlinkAppInstance_2.3.1-1.2.2","properties":{"upgradeType":"PatchVersionUpgrade","description":"Flink 2.3.1, of the same line.",
			"sourceOssVersion":"2.3.0","targetOssVersion":"2.3.1","targetClusterVersion":"1.2.2","componentName":"FlinkAppInstance","severity":"low"}}]}`)
	case path == "/clusters/orders/upgradeHistories":
		say(200, `{"value":[{"id":"x","name":"11_01_2026_11_00_00_AM-PatchVersionUpgrade","properties":{"upgradeType":"PatchVersionUpgrade","utcTime":"11/01/2026 11:00:00 AM","upgradeResult":"Succeed",
			"sourceOssVersion":"2.2.1","targetOssVersion":"2.3.0","componentName":"FlinkAppInstance","severity":"medium"}}]}`)
	case path == "/clusters/orders/resize", path == "/clusters/orders/upgrade":
		async()
		say(202, "null")
	case path == "/clusters/refused/availableUpgrades":
		say(200, `{"value":[{"properties":{"targetOssVersion":"3.0.0","severity":"medium"}}]}`)
	case path == "/clusters/refused":
		say(200, `{"name":"refused","location":"local","properties":{"clusterProfile":{}}}`)
	case path == "/clusters/refused/resize":
		say(400, `{"error":{"code":"InvalidNodeCount","message":"At least 1 worker."}}`)
	case path == "/clusters/orders" && (r.Method == http.MethodPut || r.Method == http.MethodPatch):
		async()
		say(201, "{}")
	case path == "/clusters/fresh" && r.Method == http.MethodPut:
		async()
		say(201, "{}")
	case path == "/clusters/going":
		if f.looks++; f.looks == 3 {
			return false
		}
		say(200, `{"name":"going","properties":{"status":"Stopping","clusterProfile":{},"computeProfile":{"nodes":[]}}}`)
	case path == "/clusters/going/jobs":
		say(200, `{"value":[{"properties":{"jobName":"going","status":"CANCELLING","action":"DELETE","actionResult":"IN_PROGRESS"}}]}`)
	case path == "/storage":
		f.files(w, r, say)
	case strings.HasSuffix(path, "/logs"):
		say(200, `{"value":[{"name":"3f9a/jobmanager-0","properties":{"incarnation":"3f9a","process":"jobmanager-0","alive":true}}]}`)
	case strings.HasSuffix(path, "/logs/3f9a/jobmanager-0"):
		fmt.Fprint(w, "one\ntwo\n")
	default:
		return false
	}
	return true
}

func (f *fake) resource(w http.ResponseWriter, r *http.Request, say func(int, string), async func(), body string) {
	switch r.Method {
	case http.MethodGet:
		w.Header().Set("ETag", `"e1"`)
		say(200, body)
	case http.MethodPut:
		async()
		say(201, body)
	default:
		async()
		say(202, "null")
	}
}

func (f *fake) files(w http.ResponseWriter, r *http.Request, say func(int, string)) {
	uri := r.URL.Query().Get("uri")
	switch {
	case strings.HasSuffix(uri, "/nothing"):
		say(404, `{"error":{"code":"FileNotFound","message":"There is no such file or folder."}}`)
	case r.Method == http.MethodPut:
		say(201, `{"uri":"`+uri+`","sha256":"9f0e","bytes":5}`)
	case r.Method == http.MethodHead:
		w.Header().Set("x-drey-kind", "file")
		w.Header().Set("x-drey-bytes", "5242880")
		w.WriteHeader(200)
	case r.Method == http.MethodDelete:
		w.WriteHeader(204)
	default:
		say(200, `{"value":[{"name":"orders.jar","uri":"`+uri+`orders.jar","kind":"file","bytes":5242880},{"name":"old","uri":"`+uri+`old","kind":"folder","bytes":0}]}`)
	}
}
