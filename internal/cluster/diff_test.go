package cluster

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheClassOfEachChange(t *testing.T) {
	t.Parallel()
	const profile, flink, job = "properties.clusterProfile.", "properties.clusterProfile.flinkProfile.", "properties.clusterProfile.flinkProfile.jobSpec."
	for why, tt := range map[string]struct {
		change func(*Spec)
		want   string // class, then paths
	}{
		"nothing":                           {func(*Spec) {}, "none"},
		"the location, written otherwise":   {func(s *Spec) { s.Location = "eastus2" }, "none"},
		"the type, written otherwise":       {func(s *Spec) { s.Properties.ClusterType = "Flink" }, "none"},
		"modes, written otherwise":          {func(s *Spec) { s.flink().DeploymentMode, s.job().UpgradeMode = "application", "update" }, "none"},
		"the order of node groups":          {func(s *Spec) { n := s.Properties.Compute.Nodes; n[0], n[1] = n[1], n[0] }, "none"},
		"an empty list for an absent one":   {func(s *Spec) { s.Properties.Profile.ScriptActions = []ScriptAction{} }, "none"},
		"an empty map for an absent one":    {func(s *Spec) { s.flink().Configuration = map[string]string{} }, "none"},
		"internal ingress off for absent":   {func(s *Spec) { s.Properties.Profile.Access = &Access{} }, "none"},
		"tags":                              {func(s *Spec) { s.Tags = nil }, "none tags"},
		"authorization":                     {func(s *Spec) { s.Properties.Profile.Authorization.UserIDs = []string{"x"} }, "none " + profile + "authorizationProfile"},
		"Log Analytics":                     {func(s *Spec) { s.Properties.Profile.LogAnalytics = &LogAnalytics{} }, "none " + profile + "logAnalyticsProfile"},
		"Prometheus":                        {func(s *Spec) { s.Properties.Profile.Prometheus = &Prometheus{Enabled: true} }, "none " + profile + "prometheusProfile"},
		"the upgrade mode":                  {func(s *Spec) { s.job().UpgradeMode = "STATELESS_UPDATE" }, "none " + job + "upgradeMode"},
		"the savepoint of the first launch": {func(s *Spec) { s.job().SavePointName = "chk-1" }, "none " + job + "savePointName"},
		"head nodes":                        {func(s *Spec) { s.Properties.Compute.Nodes[0].Count = 3 }, "none properties.computeProfile.nodes"},
		"the workers' size":                 {func(s *Spec) { s.Properties.Compute.Nodes[1].VMSize = "Standard_D16a_v4" }, "none properties.computeProfile.nodes"},
		"the log interval":                  {func(s *Spec) { s.conf()["pipeline.log.aggregation.interval"] = "10" }, "none " + profile + "serviceConfigsProfiles"},
		"the worker count":                  {func(s *Spec) { s.Properties.Compute.Nodes[1].Count = 4 }, "rescale properties.computeProfile.nodes.count"},
		"numReplicas":                       {func(s *Spec) { s.flink().NumReplicas = ptr(5) }, "rescale " + flink + "numReplicas"},
		"numReplicas that says what was so": {func(s *Spec) { s.flink().NumReplicas = ptr(3) }, "none " + flink + "numReplicas"},
		"memory":                            {func(s *Spec) { s.flink().TaskManager.MemoryMB = 4000 }, "restart " + flink + "taskManager"},
		"cpu":                               {func(s *Spec) { s.flink().JobManager.CPU = 2 }, "restart " + flink + "jobManager"},
		"slots":                             {func(s *Spec) { s.conf()["taskmanager.numberOfTaskSlots"] = "4" }, "restart " + profile + "serviceConfigsProfiles"},
		"the service configuration goes":    {func(s *Spec) { s.Properties.Profile.ServiceConfigs = nil }, "restart " + profile + "serviceConfigsProfiles"},
		"the identity":                      {func(s *Spec) { s.Properties.Profile.Identity = &Identity{ResourceID: "/x"} }, "restart " + profile + "identityProfile"},
		"the secrets":                       {func(s *Spec) { s.Properties.Profile.Secrets = &Secrets{KeyVaultResourceID: "/x"} }, "restart " + profile + "secretsProfile"},
		"Hive":                              {func(s *Spec) { s.flink().Catalog = &CatalogOptions{Hive: &HiveCatalog{}} }, "restart " + flink + "catalogOptions"},
		"the Flink version":                 {func(s *Spec) { s.Properties.Profile.OSSVersion = "2.2.1" }, "upgrade " + profile + "ossVersion"},
		"the cluster version":               {func(s *Spec) { s.Properties.Profile.ClusterVersion = "1.2.3" }, "upgrade " + profile + "clusterVersion"},
		"the heaviest decides":              {func(s *Spec) { s.Tags, s.flink().TaskManager.CPU, s.Properties.Profile.OSSVersion = nil, 9, "2.2.1" }, "upgrade tags " + profile + "ossVersion " + flink + "taskManager"},
		"availability zones":                {func(s *Spec) { s.Properties.Compute.AvailabilityZones = []string{"1"} }, "none properties.computeProfile.availabilityZones"},
		"the location":                      {func(s *Spec) { s.Location = "westeurope" }, "refused location"},
		"the cluster type":                  {func(s *Spec) { s.Properties.ClusterType = "Spark" }, "refused properties.clusterType"},
		"the mode":                          {func(s *Spec) { s.flink().DeploymentMode = "" }, "refused " + flink + "deploymentMode"},
		"the storage":                       {func(s *Spec) { s.flink().Storage.URI += "/x" }, "refused " + flink + "storage.storageUri"},
		"internal ingress":                  {func(s *Spec) { s.Properties.Profile.Access = &Access{EnableInternalIngress: true} }, "refused " + profile + "clusterAccessProfile"},
		"the jar's folder":                  {func(s *Spec) { s.job().JarDirectory = "x" }, "refused " + job + "jobJarDirectory"},
		"the jar":                           {func(s *Spec) { s.job().JarName = "x.jar" }, "refused " + job + "jarName"},
		"the entry class":                   {func(s *Spec) { s.job().EntryClass = "" }, "refused " + job + "entryClass"},
		"the args":                          {func(s *Spec) { s.job().Args = ptr("B") }, "refused " + job + "args"},
		"the pods' template":                {func(s *Spec) { s.flink().PodTemplate = map[string]any{"labels": map[string]any{"a": "b"}} }, "restart " + flink + "podTemplate"},
		"the job's configuration":           {func(s *Spec) { s.flink().Configuration = map[string]string{"a": "b"} }, "refused " + flink + "flinkConfiguration"},
		"the job goes: each of its parts":   {func(s *Spec) { s.flink().Job = nil }, "refused " + job + "jobJarDirectory " + job + "jarName " + job + "entryClass " + job + "args " + job + "upgradeMode"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			s := orders()
			tt.change(&s)
			c := Change(orders(), s, ByPut)
			if got := strings.Join(append([]string{c.Class.String()}, c.Paths...), " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if (c.Class == ChangeRefused) != (len(c.Refused) > 0) || c.Job {
				t.Errorf("got %+v", c)
			}
			for _, f := range c.Refused {
				want := "PropertyChangeNotAllowed"
				if f.Target == "location" {
					want = "InvalidResourceLocation"
				}
				if f.Code != want || !strings.HasSuffix(f.Message, ".") {
					t.Errorf("got %+v", f)
				}
			}
		})
	}
}

func TestGUIDsOfAnIdentityHaveManyForms(t *testing.T) {
	t.Parallel()
	a, b := orders(), orders()
	a.Properties.Profile.Identity = &Identity{"/subscriptions/X/a", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "f1a07417-d97a-45cb-824c-7a7467783830"}
	b.Properties.Profile.Identity = &Identity{"/SUBSCRIPTIONS/x/A", "{B7E6DC6D-F1E8-4753-8033-0F276BB0955B}", "(f1a07417-d97a-45cb-824c-7a7467783830)"}
	if c := Change(a, b, ByPut); len(c.Paths) > 0 {
		t.Errorf("got %+v", c)
	}
}

func TestWithNumReplicasTheWorkerCountIsOnlyRecorded(t *testing.T) {
	t.Parallel()
	a, b := orders(), orders()
	a.flink().NumReplicas, b.flink().NumReplicas = ptr(2), ptr(2)
	b.Properties.Compute.Nodes[1].Count = 9
	if c := Change(a, b, ByPut); c.Class != ChangeNone || len(c.Paths) != 1 {
		t.Errorf("got %+v, want one path of class none", c)
	}
}

func TestAChangedJobSpecSaysUseUpdate(t *testing.T) {
	t.Parallel()
	s := orders()
	s.job().JarName = "x.jar"
	refused := Change(orders(), s, ByPut).Refused
	want := []Fault{{Code: "PropertyChangeNotAllowed", Target: "properties.clusterProfile.flinkProfile.jobSpec.jarName",
		Message: "jarName cannot be changed by a PUT; use runJob UPDATE.", Hint: "use runJob UPDATE"}}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestOurOwnPutDeclaresTheJobToo(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		change func(*Spec)
		want   ChangeClass
		job    bool
	}{
		"the args":                  {func(s *Spec) { s.job().Args = ptr("B") }, ChangeJob, true},
		"the job's configuration":   {func(s *Spec) { s.flink().Configuration = map[string]string{"a": "b"} }, ChangeJob, true},
		"the jar, and the memory":   {func(s *Spec) { s.job().JarName, s.flink().TaskManager.MemoryMB = "x.jar", 4000 }, ChangeJob, true},
		"the jar, and the version":  {func(s *Spec) { s.job().JarName, s.Properties.Profile.OSSVersion = "x.jar", "2.2.1" }, ChangeUpgrade, true},
		"the memory":                {func(s *Spec) { s.flink().TaskManager.MemoryMB = 4000 }, ChangeRestart, false},
		"the storage stays refused": {func(s *Spec) { s.flink().Storage.URI += "/x" }, ChangeRefused, false},
	} {
		s := orders()
		tt.change(&s)
		if c := Change(orders(), s, ByOurPut); c.Class != tt.want || c.Job != tt.job {
			t.Errorf("%s: got %+v", why, c)
		}
	}
}

func TestAPatchChangesTagsAndTheUpdatableProfileOnly(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		change  func(*Spec)
		class   ChangeClass
		message string // of what is refused
	}{
		"tags":             {func(s *Spec) { s.Tags = nil }, ChangeNone, ""},
		"authorization":    {func(s *Spec) { s.Properties.Profile.Authorization.UserIDs = nil }, ChangeNone, ""},
		"autoscale goes":   {func(s *Spec) { s.Properties.Profile.Autoscale = nil }, ChangeNone, ""},
		"slots":            {func(s *Spec) { s.conf()["taskmanager.numberOfTaskSlots"] = "4" }, ChangeRestart, ""},
		"secrets":          {func(s *Spec) { s.Properties.Profile.Secrets = &Secrets{KeyVaultResourceID: "/x"} }, ChangeRestart, ""},
		"the worker count": {func(s *Spec) { s.Properties.Compute.Nodes[1].Count = 4 }, ChangeRefused, "count cannot be changed by a PATCH; use a PUT."},
		"memory":           {func(s *Spec) { s.flink().TaskManager.MemoryMB = 4000 }, ChangeRefused, "taskManager cannot be changed by a PATCH; use a PUT."},
		"the args":         {func(s *Spec) { s.job().Args = ptr("B") }, ChangeRefused, "args cannot be changed by a PATCH; use runJob UPDATE."},
		"the storage":      {func(s *Spec) { s.flink().Storage.URI += "/x" }, ChangeRefused, "storageUri cannot be changed."},
	} {
		s := orders()
		tt.change(&s)
		c := Change(orders(), s, ByPatch)
		message := ""
		if len(c.Refused) > 0 {
			message = c.Refused[0].Message
		}
		if c.Class != tt.class || message != tt.message {
			t.Errorf("%s: got %+v", why, c)
		}
	}
}

func TestOnlyTagsAreNothingButTags(t *testing.T) {
	t.Parallel()
	tags, both := orders(), orders()
	tags.Tags = map[string]string{"a": "b"}
	both.Tags, both.Properties.Profile.Prometheus = tags.Tags, &Prometheus{Enabled: true}
	if !Change(orders(), tags, ByPut).OnlyTags() || Change(orders(), both, ByPut).OnlyTags() || Change(orders(), orders(), ByPut).OnlyTags() {
		t.Error("tags are not told from what else changes")
	}
}

// What a PUT declares and the table does not know would be lost in silence.
func TestTheTableKnowsEveryProperty(t *testing.T) {
	t.Parallel()
	base := Spec{}
	fill(reflect.ValueOf(&base).Elem())
	base.Properties.Profile.ServiceConfigs = orders().Properties.Profile.ServiceConfigs
	base.Properties.Compute.Nodes = orders().Properties.Compute.Nodes
	raw, err := json.Marshal(base)
	if err != nil {
		t.Fatal(err)
	}
	leaves := 0
	each(reflect.ValueOf(&base).Elem(), "", func(path string, v reflect.Value) {
		if strings.Contains(path, ".ServiceConfigs") || strings.HasSuffix(path, "Nodes[0].Type") || strings.HasSuffix(path, "Nodes[1].Type") {
			return // names of a file's place and of groups: validated, never free
		}
		leaves++
		var old Spec
		if err := json.Unmarshal(raw, &old); err != nil {
			t.Fatal(err)
		}
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		other(v)
		if c := Change(old, base, ByOurPut); len(c.Paths) == 0 {
			t.Errorf("a change of %s is not seen", path)
		}
		v.Set(was)
	})
	if leaves < 70 {
		t.Errorf("only %d properties were tried", leaves)
	}
}

// fill gives every property of a value something.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	default:
		other(v)
	}
}

// each visits every leaf.
func each(v reflect.Value, path string, see func(string, reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		each(v.Elem(), path, see)
	case reflect.Struct:
		for i := range v.NumField() {
			each(v.Field(i), path+"."+v.Type().Field(i).Name, see)
		}
	case reflect.Slice:
		for i := range v.Len() {
			each(v.Index(i), fmt.Sprintf("%s[%d]", path, i), see)
		}
	default:
		see(path, v)
	}
}

// other makes a leaf something else.
func other(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("k"), reflect.New(v.Type().Elem()).Elem())
	default:
		panic("a property of kind " + v.Kind().String())
	}
}
