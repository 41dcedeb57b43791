package simtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
)

// The published examples of pools and clusters, sent through the front to the whole service, as they are and with other values. None of them is
// of a Flink cluster: those of other workloads must be refused by name, and are then sent as ones of Flink.

// exampleVersions are the api-versions, each with the folder of its examples.
var exampleVersions = map[string]string{
	"2024-05-01": "2024-05-01-preview", "2024-05-01-preview": "2024-05-01-preview", "2023-11-01-preview": "2023-11-01-preview", "2023-06-01-preview": "2023-06-01-preview",
}

// seeds: 0 is as published.
var seeds = []uint64{0, 20261101}

// signer is made once: its key costs half a second.
// visitor sends the examples of one api-version.
// vary chooses other values for those of the examples.
// varied is a value of an example with the visitor's own.
// example is one published request with its final answer.
type example struct {
	pool, cluster string         // ARM ids
	group         string         // ARM id
	body          map[string]any // nil if it has none
	answer        map[string]any // body of the answer; nil if it has none
}

func (v *visitor) example(name string) (e example) {
	v.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "arm", "testdata", "examples", v.folder, name+".json"))
	if err != nil {
		v.Fatal(err)
	}
	var file struct {
		Parameters map[string]any
		Responses  map[string]struct{ Body map[string]any }
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		v.Fatal(err)
	}
	for key, value := range file.Parameters {
		if body, ok := value.(map[string]any); ok {
			e.body = v.varied(body).(map[string]any)
		}
		file.Parameters[key] = v.varied(value)
	}
	at := func(name string) string { text, _ := file.Parameters[name].(string); return text }
	e.group = "/subscriptions/" + at("subscriptionId") + "/resourceGroups/" + at("resourceGroupName")
	e.pool = e.group + "/providers/Microsoft.HDInsight/clusterPools/" + at("clusterPoolName")
	e.cluster = e.pool + "/clusters/" + at("clusterName")
	e.answer = file.Responses["200"].Body
	return e
}

// send asks the front.
// done sends a request that must be accepted, and polls until it succeeded.
// shows reads a path and holds the answer against an example's.
// notOurs are members of the examples that Drey never shows: other workloads, SSH hosts, and what only their clusters were declared with.
// shape finds what an answer has not, or has as another type. Of a list, the first item is looked at.
// contains finds what was sent and is not echoed as sent.
// eachVisitor runs a test for each version and seed, over a service of its own with the examples' group and pool.
func eachVisitor(t *testing.T, test func(*visitor)) {
	t.Helper()
	for version := range exampleVersions {
		for _, seed := range seeds {
			t.Run(fmt.Sprintf("%s, seed %d", version, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newRig(t, steady).serve(nil)
					defer s.stop()
					v := s.visit(version, seed)
					e := v.example("CreateClusterPool")
					if code, _, body := v.send("PUT", e.group+"?api-version=2021-04-01", map[string]any{"location": "westus2"}); code != http.StatusCreated {
						t.Fatalf("the group: %d %s", code, body)
					}
					test(v)
				})
			})
		}
	}
}
