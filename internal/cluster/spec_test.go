package cluster

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

// orders is a legal declaration. Each call gives a fresh one.
func orders() Spec {
	return Spec{
		Location: "East US 2",
		Tags:     map[string]string{"team": "clicks"},
		Properties: Properties{
			ClusterType: "flink",
			Compute: Compute{Nodes: []NodeGroup{
				{Type: "Head", VMSize: "Standard_D8ds_v5", Count: 2}, {Type: "WORKER", VMSize: "Standard_D8ds_v5", Count: 3},
			}},
			Profile: Profile{
				ClusterVersion: "1.2.2", OSSVersion: "2.3.0",
				ServiceConfigs: []ServiceConfig{{ServiceName: "flink-operator", Configs: []ComponentConfig{{Component: "flink-configs", Files: []ConfigFile{{
					FileName: "flink-conf.yaml", Values: map[string]string{"taskmanager.numberOfTaskSlots": "2", "pipeline.log.aggregation.interval": "600"},
				}}}}}},
				Flink: &Flink{
					Storage:    Storage{URI: "abfs://flink@teststorage.dfs.core.windows.net"},
					JobManager: Resources{CPU: 1, MemoryMB: 2000}, TaskManager: Resources{CPU: 2, MemoryMB: 2000}, HistoryServer: &Resources{CPU: 1, MemoryMB: 2000},
					DeploymentMode: "Application",
					Job: &JobSpec{JarDirectory: "abfs://flink@teststorage.dfs.core.windows.net/appmode", JarName: "job.jar", EntryClass: "com.microsoft.testjob",
						Args: ptr(`--job "a b"`), UpgradeMode: "UPDATE"},
				},
			},
		},
	}
}

var testFacts = FlinkFacts{
	Installed: []string{"1.20.5", "2.3.0"}, Aliases: map[string]string{"1.17.0": "1.20.5"}, MinMemoryMB: 1800,
	Hive: func(version string) bool { return version == "1.20.5" }, Unfit: map[string]string{"2.1.3": "wrong Java: this is Java 8; install a JDK 17"},
	NoScript: func(version string) string {
		if version == "1.20.5" {
			return "It runs no scripts; choose 2.0"
		}
		return ""
	},
	NoPython: func(version string) string {
		if version == "1.20.5" {
			return "It has no Python; install it"
		}
		return ""
	},
	ClassifyKey: func(key, _ string) (KeyClass, string) {
		switch {
		case strings.HasPrefix(key, "security."):
			return KeyRefused, "Security settings are Drey's."
		case strings.HasPrefix(key, "rest."):
			return KeyTakenOver, "Drey assigns ports."
		}
		return KeyHonoured, ""
	},
	CheckMemory: func(l Launch) (string, string) {
		if l.Config()["taskmanager.memory.process.size"] == "9999m" {
			return "taskmanager.memory.process.size", "More than the role's memory."
		}
		return "", ""
	},
}

func TestLegalSpecs(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(*Spec){
		"as it stands":                     func(*Spec) {},
		"only a Worker group":              func(s *Spec) { s.Properties.Compute.Nodes = s.Properties.Compute.Nodes[1:] },
		"no workers for a while":           func(s *Spec) { s.Properties.Compute.Nodes[1].Count = 0 },
		"a legacy version with an alias":   func(s *Spec) { s.Properties.Profile.OSSVersion = "1.17.0" },
		"four parts of a version":          func(s *Spec) { s.Properties.Profile.ClusterVersion = "1.2.2.17" },
		"no args, no entry class":          func(s *Spec) { s.job().Args, s.job().EntryClass = nil, "" },
		"empty args":                       func(s *Spec) { s.job().Args = ptr("") },
		"a relative jar directory":         func(s *Spec) { s.job().JarDirectory = "jobJarDirectory1" },
		"a jar in another account":         func(s *Spec) { s.job().JarDirectory = "wasbs://jars@other.blob.core.windows.net/x/" },
		"a savepoint by name":              func(s *Spec) { s.job().SavePointName = "savepoint-20e9e9-8a48c6b905e5" },
		"modes without case":               func(s *Spec) { s.flink().DeploymentMode, s.job().UpgradeMode = "application", "last_state_update" },
		"a key that is taken over":         func(s *Spec) { s.conf()["rest.port"] = "1" },
		"the original's aliases":           func(s *Spec) { s.conf()["parallelism"], s.conf()["savepoint.directory"] = "4", "" },
		"a folder for savepoints":          func(s *Spec) { s.conf()["state.savepoints.dir"] = "abfs://sps@other.dfs.core.windows.net/x" },
		"a fraction of a CPU":              func(s *Spec) { s.flink().JobManager.CPU = 0.5 },
		"a schedule for later":             func(s *Spec) { s.Properties.Profile.Autoscale = schedule(false) },
		"load-based, switched off":         func(s *Spec) { s.Properties.Profile.Autoscale = &Autoscale{AutoscaleType: "LoadBased"} },
		"the Terraform sample's timeout":   func(s *Spec) { s.Properties.Profile.Autoscale = &Autoscale{GracefulDecommissionTimeout: ptr(-1)} },
		"blocks of other types are stored": func(s *Spec) { s.Properties.Profile.Other = map[string]OtherProfile{"trinoProfile": {}} },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			s := orders()
			change(&s)
			if got := ValidateSpec(s, testFacts, Limits{}); len(got) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func (s *Spec) flink() *Flink { return s.Properties.Profile.Flink }
func (s *Spec) job() *JobSpec { return s.Properties.Profile.Flink.Job }
func (s *Spec) conf() map[string]string {
	return s.Properties.Profile.ServiceConfigs[0].Configs[0].Files[0].Values
}

func schedule(enabled bool) *Autoscale {
	return &Autoscale{Enabled: enabled, AutoscaleType: "ScheduleBased", Schedule: &ScheduleConfig{TimeZone: "UTC", DefaultCount: 3,
		Schedules: []Schedule{{Days: []string{"Monday, Tuesday", " friday "}, StartTime: "8:00", EndTime: "23:59", Count: 5}}}}
}

func TestIllegalSpecs(t *testing.T) {
	t.Parallel()
	const profile, flink, job = "properties.clusterProfile.", "properties.clusterProfile.flinkProfile.", "properties.clusterProfile.flinkProfile.jobSpec."
	const files = profile + "serviceConfigsProfiles[0].configs[0].files[0]."
	for why, tt := range map[string]struct {
		change func(*Spec)
		want   string // code, blank, target; several by line
	}{
		"no location":                {func(s *Spec) { s.Location = "" }, "InvalidClusterSpec location"},
		"a bad tag":                  {func(s *Spec) { s.Tags["a/b"] = "" }, "InvalidTags tags.a/b"},
		"another cluster type":       {func(s *Spec) { s.Properties.ClusterType = "Spark" }, "ClusterTypeNotSupported properties.clusterType"},
		"no cluster type":            {func(s *Spec) { s.Properties.ClusterType = "" }, "InvalidClusterSpec properties.clusterType"},
		"no nodes":                   {func(s *Spec) { s.Properties.Compute.Nodes = nil }, "InvalidClusterSpec properties.computeProfile.nodes"},
		"no workers' group":          {func(s *Spec) { s.Properties.Compute.Nodes = s.Properties.Compute.Nodes[:1] }, "InvalidClusterSpec properties.computeProfile.nodes"},
		"an unknown group":           {func(s *Spec) { s.Properties.Compute.Nodes[0].Type = "Zoo" }, "InvalidClusterSpec properties.computeProfile.nodes[0].type"},
		"a group twice":              {func(s *Spec) { s.Properties.Compute.Nodes[0].Type = "worker" }, "InvalidClusterSpec properties.computeProfile.nodes[1].type"},
		"no size":                    {func(s *Spec) { s.Properties.Compute.Nodes[1].VMSize = "" }, "InvalidClusterSpec properties.computeProfile.nodes[1].vmSize"},
		"an unknown size":            {func(s *Spec) { s.Properties.Compute.Nodes[1].VMSize = "Huge" }, "InvalidVmSize properties.computeProfile.nodes[1].vmSize"},
		"no head nodes in the group": {func(s *Spec) { s.Properties.Compute.Nodes[0].Count = 0 }, "InvalidClusterSpec properties.computeProfile.nodes[0].count"},
		"a negative count":           {func(s *Spec) { s.Properties.Compute.Nodes[1].Count = -1 }, "InvalidClusterSpec properties.computeProfile.nodes[1].count"},
		"10^9 nodes":                 {func(s *Spec) { s.Properties.Compute.Nodes[1].Count = 1e9 }, "InvalidClusterSpec properties.computeProfile.nodes[1].count"},
		"no versions": {func(s *Spec) { s.Properties.Profile.ClusterVersion, s.Properties.Profile.OSSVersion = "", "" },
			"InvalidClusterSpec " + profile + "clusterVersion\nInvalidClusterSpec " + profile + "ossVersion"},
		"two parts of a version":     {func(s *Spec) { s.Properties.Profile.ClusterVersion = "1.2" }, "InvalidClusterSpec " + profile + "clusterVersion"},
		"a version that is none":     {func(s *Spec) { s.Properties.Profile.OSSVersion = "2.3.0-rc1" }, "InvalidClusterSpec " + profile + "ossVersion"},
		"a version not installed":    {func(s *Spec) { s.Properties.Profile.OSSVersion = "2.2.1" }, "OssVersionNotAvailable " + profile + "ossVersion"},
		"a legacy one without alias": {func(s *Spec) { s.Properties.Profile.OSSVersion = "1.16.0" }, "OssVersionNotAvailable " + profile + "ossVersion"},
		"an identity that is none": {func(s *Spec) {
			s.Properties.Profile.Identity = &Identity{ResourceID: "x", ClientID: "y", ObjectID: "{b7e6dc6d-f1e8-4753-8033-0f276bb0955b}"}
		},
			"InvalidClusterSpec " + profile + "identityProfile.msiResourceId\nInvalidClusterSpec " + profile + "identityProfile.msiClientId"},
		"a listed identity of no type": {func(s *Spec) {
			s.Properties.Profile.ManagedIdentities = []ManagedIdentity{{Type: "x", ResourceID: "/subscriptions/1", ClientID: strings.Repeat("0", 32), ObjectID: strings.Repeat("0", 32)}}
		}, "InvalidClusterSpec " + profile + "managedIdentityProfile.identityList[0].type"},
		"a secret's name with a path": {func(s *Spec) {
			s.Properties.Profile.Secrets = &Secrets{KeyVaultResourceID: "/x", Secrets: []SecretReference{{ReferenceName: "a", Type: "Secret", KeyVaultObjectName: "../b"}}}
		}, "InvalidClusterSpec " + profile + "secretsProfile.secrets[0].keyVaultObjectName"},
		"6 SSH pods":           {func(s *Spec) { s.Properties.Profile.SSH = &SSH{Count: 6} }, "InvalidClusterSpec " + profile + "sshProfile.count"},
		"no Flink profile":     {func(s *Spec) { s.Properties.Profile.Flink = nil }, "InvalidClusterSpec " + profile + "flinkProfile"},
		"no storage":           {func(s *Spec) { s.flink().Storage.URI = "" }, "InvalidClusterSpec " + flink + "storage.storageUri"},
		"a storage by path":    {func(s *Spec) { s.flink().Storage.URI = "flink" }, "InvalidStorageUri " + flink + "storage.storageUri"},
		"a storage on disk":    {func(s *Spec) { s.flink().Storage.URI = "file:///srv" }, "UnsupportedStorageScheme " + flink + "storage.storageUri"},
		"a foreign account":    {func(s *Spec) { s.flink().Storage.URI = "abfs://flink@a.dfs.evil.example" }, "StorageUriNotAllowed " + flink + "storage.storageUri"},
		"1,799 MB":             {func(s *Spec) { s.flink().TaskManager.MemoryMB = 1799 }, "InvalidMemory " + flink + "taskManager.memory"},
		"no memory, no CPU":    {func(s *Spec) { s.flink().JobManager = Resources{} }, "InvalidCpu " + flink + "jobManager.cpu\nInvalidMemory " + flink + "jobManager.memory"},
		"2^62 MB":              {func(s *Spec) { s.flink().TaskManager.MemoryMB = 1 << 62 }, "InvalidMemory " + flink + "taskManager.memory"},
		"CPU that is not one":  {func(s *Spec) { s.flink().TaskManager.CPU = math.NaN() }, "InvalidCpu " + flink + "taskManager.cpu"},
		"endless CPU":          {func(s *Spec) { s.flink().TaskManager.CPU = math.Inf(1) }, "InvalidCpu " + flink + "taskManager.cpu"},
		"a small history":      {func(s *Spec) { s.flink().HistoryServer.MemoryMB = 1 }, "InvalidMemory " + flink + "historyServer.memory"},
		"no task managers":     {func(s *Spec) { s.flink().NumReplicas = ptr(0) }, "InvalidClusterSpec " + flink + "numReplicas"},
		"10^9 task managers":   {func(s *Spec) { s.flink().NumReplicas = ptr(int(1e9)) }, "InvalidClusterSpec " + flink + "numReplicas"},
		"Hive":                 {func(s *Spec) { s.flink().Catalog = &CatalogOptions{Hive: &HiveCatalog{}} }, "HiveCatalogNotSupported " + flink + "catalogOptions.hive"},
		"a session cluster":    {func(s *Spec) { s.flink().DeploymentMode = "" }, "DeploymentModeNotSupported " + flink + "deploymentMode"},
		"another mode":         {func(s *Spec) { s.flink().DeploymentMode = "PerJob" }, "InvalidClusterSpec " + flink + "deploymentMode"},
		"no job":               {func(s *Spec) { s.flink().Job = nil }, "InvalidClusterSpec " + flink + "jobSpec"},
		"no jar":               {func(s *Spec) { s.job().JarDirectory, s.job().JarName = "", "" }, "InvalidClusterSpec " + job + "jobJarDirectory\nInvalidJarPath " + job + "jarName"},
		"a jar by https":       {func(s *Spec) { s.job().JarDirectory = "https://169.254.169.254/x" }, "InvalidStorageUri " + job + "jobJarDirectory"},
		"a jar on disk":        {func(s *Spec) { s.job().JarDirectory = "file:///srv" }, "UnsupportedStorageScheme " + job + "jobJarDirectory"},
		"a class that is none": {func(s *Spec) { s.job().EntryClass = "$(x)" }, "InvalidEntryClass " + job + "entryClass"},
		"a script":             {func(s *Spec) { s.job().JarName, s.job().EntryClass, s.job().Args = "a.sql", "", nil }, ""},
		"no line for a script": {func(s *Spec) {
			s.job().JarName, s.job().EntryClass, s.job().Args = "a.sql", "", nil
			s.Properties.Profile.OSSVersion = "1.20.5"
		}, "SqlScriptNotSupported " + job + "jarName"},
		"a Python program": {func(s *Spec) { s.job().JarName, s.job().EntryClass, s.job().Args = "a.py", "", ptr("--rate 5") }, ""},
		"no Python": {func(s *Spec) {
			s.job().JarName, s.job().EntryClass = "a.py", ""
			s.Properties.Profile.OSSVersion = "1.20.5"
		}, "PythonNotSupported " + job + "jarName"},
		"a Python of one's own": {func(s *Spec) {
			s.job().JarName, s.job().EntryClass = "a.py", ""
			s.Properties.Profile.OSSVersion = "1.20.5"
			s.Properties.Profile.Flink.Configuration = map[string]string{"python.executable": "/srv/venv/bin/python"}
		}, ""},
		"an open quote":        {func(s *Spec) { s.job().Args = ptr(`"a`) }, "InvalidArgs " + job + "args"},
		"a savepoint's path":   {func(s *Spec) { s.job().SavePointName = "../x" }, "InvalidSavePointName " + job + "savePointName"},
		"no upgrade mode":      {func(s *Spec) { s.job().UpgradeMode = "" }, "InvalidClusterSpec " + job + "upgradeMode"},
		"another upgrade mode": {func(s *Spec) { s.job().UpgradeMode = "NEW" }, "InvalidClusterSpec " + job + "upgradeMode"},
		"another service": {func(s *Spec) { s.Properties.Profile.ServiceConfigs[0].ServiceName = "trino" },
			"InvalidClusterSpec " + profile + "serviceConfigsProfiles[0].serviceName"},
		"another component": {func(s *Spec) { s.Properties.Profile.ServiceConfigs[0].Configs[0].Component = "x" },
			"InvalidClusterSpec " + profile + "serviceConfigsProfiles[0].configs[0].component"},
		"another file":       {func(s *Spec) { s.Properties.Profile.ServiceConfigs[0].Configs[0].Files[0].FileName = "config.yaml" }, "InvalidClusterSpec " + files + "fileName"},
		"a file by content":  {func(s *Spec) { s.Properties.Profile.ServiceConfigs[0].Configs[0].Files[0].Content = "a: b" }, "InvalidClusterSpec " + files + "content"},
		"a reserved key":     {func(s *Spec) { s.conf()["security.ssl.enabled"] = "true" }, "ReservedConfigurationKey " + files + "values.security.ssl.enabled"},
		"a key that breaks":  {func(s *Spec) { s.conf()["a\nrest.port"] = "1" }, "InvalidConfiguration " + files + "values"},
		"a key with a colon": {func(s *Spec) { s.conf()["a: b"] = "1" }, "InvalidConfiguration " + files + "values"},
		"an anchor as key":   {func(s *Spec) { s.conf()["&a"] = "1" }, "InvalidConfiguration " + files + "values"},
		"a comment as key":   {func(s *Spec) { s.conf()["#a"] = "1" }, "InvalidConfiguration " + files + "values"},
		"a value of 2 lines": {func(s *Spec) { s.conf()["a"] = "1\nrest.port: 2" }, "InvalidConfiguration " + files + "values.a"},
		"no parallelism":     {func(s *Spec) { s.conf()["parallelism"] = "0" }, "InvalidConfiguration " + files + "values.parallelism"},
		"slots in words":     {func(s *Spec) { s.conf()["taskmanager.numberOfTaskSlots"] = "two" }, "InvalidConfiguration " + files + "values.taskmanager.numberOfTaskSlots"},
		"state on disk":      {func(s *Spec) { s.conf()["state.checkpoints.dir"] = "file:///x" }, "UnsupportedStorageScheme " + files + "values.state.checkpoints.dir"},
		"a log interval":     {func(s *Spec) { s.conf()["pipeline.log.aggregation.interval"] = "9" }, "InvalidConfiguration " + files + "values.pipeline.log.aggregation.interval"},
		"a log folder":       {func(s *Spec) { s.conf()["pipeline.remote.log.dir"] = "/var/log" }, "InvalidStorageUri " + files + "values.pipeline.remote.log.dir"},
		"what Flink refuses": {func(s *Spec) { s.conf()["taskmanager.memory.process.size"] = "9999m" }, "InvalidMemory " + flink + "taskManager.memory"},
		"our own configuration": {func(s *Spec) { s.flink().Configuration = map[string]string{"security.a": ""} },
			"ReservedConfigurationKey " + flink + "flinkConfiguration.security.a"},
		"a pod's template where there are no pods": {func(s *Spec) { s.flink().PodTemplate = map[string]any{"labels": map[string]any{}} }, "PodTemplateNotSupported " + flink + "podTemplate"},
		"load-based autoscale": {func(s *Spec) { s.Properties.Profile.Autoscale = &Autoscale{Enabled: true, AutoscaleType: "LoadBased"} },
			"LoadBasedAutoscaleNotSupported " + profile + "autoscaleProfile.autoscaleType"},
		"a graceful timeout": {func(s *Spec) { s.Properties.Profile.Autoscale = &Autoscale{GracefulDecommissionTimeout: ptr(3600)} },
			"GracefulDecommissionTimeoutNotSupported " + profile + "autoscaleProfile.gracefulDecommissionTimeout"},
		"a schedule nothing follows": {func(s *Spec) { s.Properties.Profile.Autoscale = schedule(true) }, "AutoscaleNotAvailable " + profile + "autoscaleProfile.enabled"},
		"a schedule and numReplicas": {func(s *Spec) { s.Properties.Profile.Autoscale, s.flink().NumReplicas = schedule(true), ptr(2) },
			"InvalidClusterSpec " + profile + "autoscaleProfile.enabled"},
		"a schedule's faults": {func(s *Spec) {
			a := schedule(false)
			a.Schedule.TimeZone = ""
			a.Schedule.Schedules = append(a.Schedule.Schedules, Schedule{Days: []string{"Friday", "Funday"}, StartTime: "08:00", EndTime: "24:00", Count: 1})
			s.Properties.Profile.Autoscale = a
		}, "InvalidClusterSpec " + profile + "autoscaleProfile.scheduleBasedConfig.timeZone\n" +
			"InvalidClusterSpec " + profile + "autoscaleProfile.scheduleBasedConfig.schedules[1].endTime\n" +
			"InvalidClusterSpec " + profile + "autoscaleProfile.scheduleBasedConfig.schedules[1].startTime\n" +
			"InvalidClusterSpec " + profile + "autoscaleProfile.scheduleBasedConfig.schedules[1].days"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			s := orders()
			tt.change(&s)
			var got []string
			for _, f := range ValidateSpec(s, testFacts, Limits{}) {
				got = append(got, f.Code+" "+f.Target)
				if f.Message == "" {
					t.Errorf("%s at %s has no message", f.Code, f.Target)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAllFaultsAreFoundAtOnce(t *testing.T) {
	t.Parallel()
	s := orders()
	s.Location, s.job().JarName, s.flink().TaskManager.MemoryMB = "", "x", 1
	s.conf()["security.a"] = ""
	if got := ValidateSpec(s, testFacts, Limits{}); len(got) != 4 {
		t.Errorf("got %d faults, want 4: %+v", len(got), got)
	}
	if got := ValidateSpec(Spec{Properties: Properties{ClusterType: "Flink"}}, testFacts, Limits{}); len(got) < 5 {
		t.Errorf("an empty cluster has %d faults: %+v", len(got), got)
	}
}

func TestFaultsSayTheWayOut(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		change        func(*Spec)
		message, hint string
	}{
		"memory":       {func(s *Spec) { s.flink().TaskManager.MemoryMB = 1600 }, "At least 1800 MB.", "set 1800 or more"},
		"cluster type": {func(s *Spec) { s.Properties.ClusterType = "Trino" }, "Drey runs Flink.", ""},
		"version": {func(s *Spec) { s.Properties.Profile.OSSVersion = "2.2.1" }, "Flink 2.2.1 is not installed.",
			"drey distribution install 2.2.1; installed: 1.20.5, 2.3.0"},
		"a version that the Java does not run": {func(s *Spec) { s.Properties.Profile.OSSVersion = "2.1.3" },
			"Flink 2.1.3 is installed and cannot run: wrong Java: this is Java 8.", "install a JDK 17"},
		"legacy version": {func(s *Spec) { s.Properties.Profile.OSSVersion = "1.16.0" }, "Flink 1.16.0 is not installed.",
			"drey distribution install 1.20.x; installed: 1.20.5, 2.3.0"},
		"Hive on 2.x": {func(s *Spec) { s.flink().Catalog = &CatalogOptions{Hive: &HiveCatalog{}} },
			"No Hive connector exists for this line of Flink; choose Flink 1.20.", ""},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			s := orders()
			tt.change(&s)
			got := ValidateSpec(s, testFacts, Limits{})
			if len(got) != 1 || got[0].Message != tt.message || got[0].Hint != tt.hint {
				t.Errorf("got %+v, want %q, hint %q", got, tt.message, tt.hint)
			}
		})
	}
}

func TestLogAggregation(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{"": 600, "600": 600, " 600 s ": 600, "10 min": 600, "10s": 10, "1 h": 3600, "86400": 86400, "24 hours": 86400} {
		got, on, fault := LogAggregationOf(map[string]string{"pipeline.log.aggregation.interval": in}, Limits{})
		if fault != nil || !on || int(got.Interval.Seconds()) != want {
			t.Errorf("%q: got %+v, %t, %+v, want %d s", in, got, on, fault, want)
		}
	}
	for _, in := range []string{"0", "9", "-1", "86401", "1e3", "10.5", "10 days", "1000000000000", "10 min 5 s", "25 h"} {
		if got, _, fault := LogAggregationOf(map[string]string{"pipeline.log.aggregation.interval": in}, Limits{}); fault == nil {
			t.Errorf("%q: got %+v, want a fault", in, got)
		}
	}
	if _, on, fault := LogAggregationOf(map[string]string{"a": "b"}, Limits{}); on || fault != nil {
		t.Errorf("it is on without a key: %+v", fault)
	}
	const folder = "abfs://logs@acc.dfs.core.windows.net/x"
	if got, on, fault := LogAggregationOf(map[string]string{"pipeline.remote.log.dir": folder}, Limits{}); fault != nil || !on || got.Folder != folder {
		t.Errorf("got %+v, %t, %+v", got, on, fault)
	}
}

func TestManyFaultsAreOneError(t *testing.T) {
	t.Parallel()
	fault := func(code string) Fault { return Fault{Code: code, Target: "t", Message: "m."} }
	for why, tt := range map[string]struct {
		err  error
		want string
	}{
		"none":                   {Conflicts(nil), "<nil>"},
		"one":                    {Conflicts([]Fault{fault("A")}), "Conflict A 1"},
		"two of one code":        {Conflicts([]Fault{fault("A"), fault("A")}), "Conflict A 2"},
		"two codes":              {Conflicts([]Fault{fault("A"), fault("B")}), "Conflict InvalidRequestContent 2"},
		"two of a bad request":   {Faults([]Fault{fault("A"), fault("A")}), "Invalid InvalidRequestContent 2"},
		"no fault, no bad thing": {Faults(nil), "<nil>"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got := "<nil>"
			if e := AsError(tt.err); e != nil {
				got = fmt.Sprintf("%s %s %d", e.Kind, e.Code, len(e.Details))
			} else if tt.err != nil {
				got = tt.err.Error()
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
