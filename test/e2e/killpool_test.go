package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"drey/internal/engine"
)

const poolBody = `{"location":"East US 2","properties":{"computeProfile":{"vmSize":"Standard_E4s_v3"}}}`

// The server is killed at every moment of every step of making and removing a pool. Each time the operation goes on, and ends true.
func TestTheServerKilledWhilePoolsAreMadeAndRemoved(t *testing.T) {
	s := prepareServer(t, env(t, "DREY_TEST_FAILPOINTS"))
	var cells []cell
	s.start()
	for i, p := range slices.Concat(pointsOf("pool.create"), pointsOf("pool.delete")) {
		path := s.groupPath() + fmt.Sprintf("/providers/Microsoft.HDInsight/clusterpools/p%d", i)
		if p.Kind == "pool.create" {
			s.killedAt(p, func() { s.cli("rest", "PUT", path, "--body", poolBody) })
			s.until(p.String()+": the pool is made", func() bool { return s.provisioning(path) == "Succeeded" })
		} else {
			s.must("rest", "PUT", path, "--body", poolBody)
			s.killedAt(p, func() { s.cli("rest", "DELETE", path) })
			s.until(p.String()+": the pool is gone", func() bool { return s.provisioning(path) == "" })
		}
		cells = append(cells, cell{p, "Succeeded"})
	}
	t.Logf("%d kills\n%s", len(cells), table(t, cells, func(p engine.Point) bool { return p.Kind == "pool.create" || p.Kind == "pool.delete" }))
}

// groupPath is the ARM id of the group that --dev makes.
func (s *server) groupPath() string {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, "connection.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var c struct{ SubscriptionID, ResourceGroup string }
	if err := json.Unmarshal(raw, &c); err != nil {
		s.t.Fatal(err)
	}
	return "/subscriptions/" + c.SubscriptionID + "/resourceGroups/" + c.ResourceGroup
}

// provisioning is the provisioningState of the resource at a path; "" if it is not there.
func (s *server) provisioning(path string) string {
	s.t.Helper()
	var resource struct {
		Properties struct{ ProvisioningState string }
	}
	if r := s.cli("rest", "GET", path, "-o", "json"); r.code == 0 {
		if err := json.Unmarshal([]byte(r.out), &resource); err != nil {
			s.t.Fatal(err)
		}
	}
	return resource.Properties.ProvisioningState
}
