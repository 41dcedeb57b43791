package flink

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	got := Merge(
		map[string]string{"parallelism.default": "1", "state.backend": "hashmap", "a": "pool"},
		map[string]string{"state.backend.type": "rocksdb", "a": "cluster"},
		map[string]string{"parallelism": "4", "state.checkpoints.dir": "old", "execution.checkpointing.dir": "new"},
	)
	want := map[string]string{
		"parallelism.default": "4", "state.backend.type": "rocksdb", "a": "cluster", "execution.checkpointing.dir": "new",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		key, value string
		config     map[string]string
		takenOver  string // its message
		refused    string
	}{
		"an ordinary key is honoured": {key: "restart-strategy.type", value: "fixed-delay", config: map[string]string{"restart-strategy.type": "fixed-delay"}},
		"a key nobody knows, too":     {key: "my.own.key", value: "1", config: map[string]string{"my.own.key": "1"}},
		"parallelism":                 {key: "parallelism", value: "3", config: map[string]string{"parallelism.default": "3"}},
		"the service's savepoint directory": {key: "savepoint.directory", value: "abfs://c@a/s",
			config: map[string]string{"execution.checkpointing.savepoint-dir": "abfs://c@a/s"}},
		"an empty savepoint directory is the default": {key: "jobSavePointDirectory", value: " "},
		"the service's interval":                      {key: "execution.checkpoint.interval", value: "5000", config: map[string]string{"execution.checkpointing.interval": "5000"}},
		"the service's concurrency": {key: "checkpoint.max-concurrent-checkpoints", value: "2",
			config: map[string]string{"execution.checkpointing.max-concurrent-checkpoints": "2"}},
		"Flink's old names": {key: "state.savepoints.dir", value: "x", config: map[string]string{"execution.checkpointing.savepoint-dir": "x"}},
		"an old name for two keys": {key: "state.backend.local-recovery", value: "true", config: map[string]string{
			"execution.state-recovery.from-local": "true", "execution.checkpointing.local-backup.enabled": "true"}},
		"class loading":        {key: "classloader.parent-first-patterns.additional", value: "a", config: map[string]string{"classloader.parent-first-patterns.additional": "a"}},
		"a storage key":        {key: "fs.azure.account.key.a.dfs.core.windows.net", value: "k", config: map[string]string{"fs.azure.account.key.a.dfs.core.windows.net": "k"}},
		"high availability":    {key: "high-availability", value: "zookeeper", takenOver: whyRecovery},
		"HA storage":           {key: "high-availability.storageDir", value: "x", takenOver: whyRecovery},
		"Kubernetes":           {key: "kubernetes.namespace", value: "x", takenOver: whyPlace},
		"addresses":            {key: "jobmanager.rpc.address", value: "x", takenOver: whyNetwork},
		"REST":                 {key: "rest.port", value: "1", takenOver: whyNetwork},
		"but the flame graph":  {key: "rest.flamegraph.enabled", value: "true", config: map[string]string{"rest.flamegraph.enabled": "true"}},
		"blobs":                {key: "blob.server.port", value: "1", takenOver: whyNetwork},
		"retention by old key": {key: "execution.savepoint.path", value: "x", takenOver: whyRestore},
		"security":             {key: "security.ssl.rest.enabled", value: "false", refused: whySecurity},
		"plugins":              {key: "plugin.classloader.parent-first-patterns.additional", value: "x", refused: "The plugins of a job are put together by Drey."},
		"a JMX server":         {key: "jmx.server.port", value: "9999", refused: whyDebug},
		"tuning":               {key: "env.java.opts.taskmanager", value: "-Da=b -XX:+UseZGC -Xss512k", config: map[string]string{"env.java.opts.taskmanager": "-Da=b -XX:+UseZGC -Xss512k"}},
		"an agent":             {key: "env.java.opts.all", value: "-Da=b -javaagent:/x.jar=secret", refused: "The JVM option -javaagent:/x.jar is not allowed here; -D properties and -XX tuning are."},
		"a debugger":           {key: "env.java.opts.jobmanager", value: "-agentlib:jdwp=transport=dt_socket", refused: "The JVM option -agentlib:jdwp is not allowed here; -D properties and -XX tuning are."},
		"a command":            {key: "env.java.opts.all", value: "-XX:OnOutOfMemoryError=rm", refused: "The JVM option -XX:OnOutOfMemoryError is not allowed here; -D properties and -XX tuning are."},
		"JMX by property":      {key: "env.java.opts.all", value: "-Dcom.sun.management.jmxremote.port=1", refused: "The JVM option -Dcom.sun.management.jmxremote.port is not allowed here; -D properties and -XX tuning are."},
		"a class path":         {key: "env.java.opts.all", value: "-cp /x", refused: "The JVM option -cp is not allowed here; -D properties and -XX tuning are."},
		"a file of options":    {key: "env.java.opts.all", value: "@/etc/passwd", refused: "The JVM option @/etc/passwd is not allowed here; -D properties and -XX tuning are."},
		"a quoted option":      {key: "env.java.opts.all", value: `-Da="b c"`, refused: "JVM options with quotes are not supported: an option with a blank in it cannot be given."},
		"the Java home":        {key: "env.java.home", value: "/x", takenOver: "Drey starts the processes itself, with an environment of its own."},
		"no key at all":        {key: "a b: c", value: "x", refused: "This is no key of Flink's configuration."},
		"an empty key":         {key: "", value: "x", refused: "This is no key of Flink's configuration."},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			want := Classified{Config: tt.config}
			if want.Config == nil {
				want.Config = map[string]string{}
			}
			if tt.takenOver != "" {
				want.TakenOver = []Finding{{tt.key, tt.takenOver}}
			}
			if tt.refused != "" {
				want.Refused = []Finding{{tt.key, tt.refused}}
			}
			if diff := cmp.Diff(want, Classify(map[string]string{tt.key: tt.value})); diff != "" {
				t.Errorf("classified (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKeysDreySetsAreNeverHonoured(t *testing.T) {
	t.Parallel()
	plan := testPlan()
	plan.Storage.Archive = "file:///archive"
	plan.Storage.Accounts = map[string]string{"acct": "/disk"}
	plan.Program.Libs = []string{"l.jar"}
	for _, keys := range []map[string]string{owned, plan.own()} {
		for key := range keys {
			if got := Classify(map[string]string{key: "x"}); len(got.Config) > 0 {
				t.Errorf("%s is set by Drey, but a user's value is honoured", key)
			}
		}
	}
	for key := range defaults {
		if key == "external-resources" {
			continue
		}
		if got := Classify(map[string]string{key: "x"}); len(got.Config) != 1 {
			t.Errorf("%s is a default, but a user's value is not honoured: %v", key, got)
		}
	}
}

func TestSensitive(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{
		"fs.azure.account.key.x.dfs.core.windows.net": true, "s3.secret-key": true, "s3.access-key": true, "my.Password": true,
		"parallelism.default": false, "state.backend.type": false,
	} {
		if got := Sensitive(key); got != want {
			t.Errorf("Sensitive(%q) = %v, want %v", key, got, want)
		}
	}
}
