package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatASpecLaunches(t *testing.T) {
	t.Parallel()
	s := orders()
	s.flink().Configuration = map[string]string{"parallelism": "3"}
	want := Launch{
		JarDirectory: "abfs://flink@teststorage.dfs.core.windows.net/appmode", JarName: "job.jar", EntryClass: "com.microsoft.testjob", Args: ptr(`--job "a b"`),
		Configuration: map[string]string{"parallelism": "3"},
		ClusterConfig: map[string]string{"taskmanager.numberOfTaskSlots": "2", "pipeline.log.aggregation.interval": "600"},
		StorageURI:    "abfs://flink@teststorage.dfs.core.windows.net", JobManager: Resources{1, 2000}, TaskManager: Resources{2, 2000},
		TaskManagers: 3, OSSVersion: "2.3.0",
	}
	got := LaunchOf(s)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("launch (-want +got):\n%s", diff)
	}
	if got.Slots() != 2 || got.Parallelism() != 3 || got.ReservedMB() != 4*2200 {
		t.Errorf("slots %d, parallelism %d, reserved %d", got.Slots(), got.Parallelism(), got.ReservedMB())
	}
	if LaunchOf(Spec{}).TaskManagers != 0 {
		t.Error("an empty spec has task managers")
	}
}

func TestTaskManagersAndParallelism(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		change                func(*Spec)
		managers, parallelism int
	}{
		"workers count":             {func(*Spec) {}, 3, 2},
		"numReplicas wins":          {func(s *Spec) { s.flink().NumReplicas = ptr(5) }, 5, 2},
		"one slot: parallelism 1":   {func(s *Spec) { s.flink().NumReplicas = ptr(1); delete(s.conf(), KeySlots) }, 1, 1},
		"two slots of one":          {func(s *Spec) { s.flink().NumReplicas = ptr(1) }, 1, 2},
		"asked for":                 {func(s *Spec) { s.conf()["parallelism.default"] = "7" }, 3, 7},
		"an alias":                  {func(s *Spec) { s.conf()["parallelism"] = "7" }, 3, 7},
		"the key wins over aliases": {func(s *Spec) { s.conf()["parallelism"], s.conf()["parallelism.default"] = "7", "8" }, 3, 8},
		"the job over the cluster": {func(s *Spec) {
			s.conf()["parallelism.default"], s.flink().Configuration = "7", map[string]string{"parallelism": "9"}
		}, 3, 9},
		"no workers": {func(s *Spec) { s.Properties.Compute.Nodes[1].Count = 0 }, 0, 1},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			s := orders()
			tt.change(&s)
			l := LaunchOf(s)
			if l.TaskManagers != tt.managers || l.Parallelism() != tt.parallelism {
				t.Errorf("got %d task managers, parallelism %d, want %d, %d", l.TaskManagers, l.Parallelism(), tt.managers, tt.parallelism)
			}
			if (l.Startable() == nil) != (tt.managers > 0) {
				t.Errorf("startable: %v", l.Startable())
			}
		})
	}
}

func TestReservedMemoryIsRoundedUp(t *testing.T) {
	t.Parallel()
	for mb, want := range map[int64]int64{0: 0, 1: 2, 10: 11, 512: 564, 2000: 2200, 1805: 1986} {
		if got := ReservedFor(mb); got != want {
			t.Errorf("%d MB: got %d, want %d", mb, got, want)
		}
	}
}

func TestARunJobChangesOnlyWhatItSends(t *testing.T) {
	t.Parallel()
	before := LaunchOf(orders())
	before.Configuration = map[string]string{"a": "1"}
	for why, tt := range map[string]struct {
		job     RunJob
		want    func(*Launch)
		changes bool
	}{
		"nothing":                       {RunJob{Action: ActionStart}, func(*Launch) {}, false},
		"args":                          {RunJob{Action: ActionStart, Args: ptr("x")}, func(l *Launch) { l.Args = ptr("x") }, true},
		"empty args are none":           {RunJob{Action: ActionStart, Args: ptr("")}, func(l *Launch) { l.Args = ptr("") }, true},
		"a configuration replaces":      {RunJob{Action: ActionStart, Configuration: map[string]string{"b": "2"}}, func(l *Launch) { l.Configuration = map[string]string{"b": "2"} }, true},
		"an empty configuration clears": {RunJob{Action: ActionStart, Configuration: map[string]string{}}, func(l *Launch) { l.Configuration = map[string]string{} }, true},
		"jar and class": {RunJob{Action: ActionUpdate, JarDirectory: "d", JarName: "n.jar", EntryClass: "C"},
			func(l *Launch) { l.JarDirectory, l.JarName, l.EntryClass = "d", "n.jar", "C" }, true},
		"STOP uses no fields":            {RunJob{Action: ActionStop, Args: ptr("x"), JarName: "n.jar", Configuration: map[string]string{}}, func(*Launch) {}, false},
		"a savepoint is no change":       {RunJob{Action: ActionStart, SavePointName: "chk-1"}, func(*Launch) {}, false},
		"RE_LAUNCH uses the frozen ones": {RunJob{Action: ActionRelaunch, Args: ptr("x")}, func(*Launch) {}, false},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			want := before
			tt.want(&want)
			got := before.With(tt.job)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("launch (-want +got):\n%s", diff)
			}
			if tt.job.ChangesLaunch() != tt.changes {
				t.Errorf("ChangesLaunch: got %t", !tt.changes)
			}
		})
	}
}

func TestAPutMovesTheClustersPartOnly(t *testing.T) {
	t.Parallel()
	running := LaunchOf(orders()).With(RunJob{Action: ActionUpdate, Args: ptr("B"), JarName: "new.jar", Configuration: map[string]string{"a": "1"}})
	next := orders()
	next.flink().TaskManager.MemoryMB = 4000
	next.flink().PodTemplate = map[string]any{"labels": map[string]any{"a": "b"}}
	got := running.WithSpec(next)
	want := running
	want.TaskManager.MemoryMB, want.PodTemplate = 4000, `{"labels":{"a":"b"}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("launch (-want +got):\n%s", diff)
	}
	same := got
	same.PodTemplate = ""
	if got.Equal(running) || got.Equal(same) || !running.WithSpec(orders()).Equal(running) {
		t.Error("Equal does not tell them apart")
	}
}

func TestWhereThingsOfAClusterLie(t *testing.T) {
	t.Parallel()
	const id = "0123456789abcdef0123456789abcdef"
	s := orders()
	s.flink().Storage.URI += "/some/path/"
	s.job().JarDirectory = "appmode/"
	l := LaunchOf(s)
	other := l
	other.Configuration = map[string]string{"savepoint.directory": "wasbs://sps@other.blob.core.windows.net/x"}
	relative := l
	relative.Configuration = map[string]string{"jobSavePointDirectory": "my/savepoints", "state.checkpoints.dir": "chk"}
	emptied := l
	emptied.Configuration = map[string]string{"savepoint.directory": ""}
	const root = "abfs://flink@teststorage.dfs.core.windows.net"
	for why, tt := range map[string]struct {
		got  func() (StorageURI, error)
		want string
	}{
		"prefix":                       {func() (StorageURI, error) { return l.Prefix(id) }, root + "/" + id},
		"jar":                          {func() (StorageURI, error) { return l.JarURI() }, root + "/appmode/job.jar"},
		"lib":                          {func() (StorageURI, error) { return l.LibURI() }, root + "/appmode/lib"},
		"savepoints":                   {func() (StorageURI, error) { return l.SavepointDirectory(id) }, root + "/" + id + "/savepoints"},
		"checkpoints":                  {func() (StorageURI, error) { return l.CheckpointDirectory(id) }, root + "/" + id + "/checkpoints"},
		"savepoints elsewhere":         {func() (StorageURI, error) { return other.SavepointDirectory(id) }, "wasbs://sps@other.blob.core.windows.net/x"},
		"savepoints by a path":         {func() (StorageURI, error) { return relative.SavepointDirectory(id) }, root + "/my/savepoints"},
		"checkpoints by a path":        {func() (StorageURI, error) { return relative.CheckpointDirectory(id) }, root + "/chk"},
		"an empty folder is the usual": {func() (StorageURI, error) { return emptied.SavepointDirectory(id) }, root + "/" + id + "/savepoints"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, err := tt.got()
			if err != nil || got.String() != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestTheHeadGroupIsShownFirst(t *testing.T) {
	t.Parallel()
	worker := NodeGroup{Type: "Worker", VMSize: "Standard_D16a_v4", Count: 3}
	want := []NodeGroup{{Type: "Head", VMSize: "Standard_D16a_v4", Count: 2}, worker}
	if diff := cmp.Diff(want, AddHead([]NodeGroup{worker})); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	sent := []NodeGroup{worker, {Type: "HEAD", VMSize: "Standard_D8d_v5", Count: 3}}
	if diff := cmp.Diff(sent, AddHead(sent)); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
}

func TestAliasesOfKeys(t *testing.T) {
	t.Parallel()
	got := ResolveAliases(map[string]string{
		"parallelism": "2", "savepoint.directory": "x", "state.savepoints.dir": "", "execution.checkpoint.interval": "60000", "checkpoint.max-concurrent-checkpoints": "1",
		"execution.checkpointing.interval": "10s", "other": "",
	})
	want := map[string]string{"parallelism.default": "2", "execution.checkpointing.savepoint-dir": "x", "execution.checkpointing.interval": "10s",
		"execution.checkpointing.max-concurrent-checkpoints": "1", "other": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestWhichJobARunJobMeans(t *testing.T) {
	t.Parallel()
	j := Job{Name: "Orders", RunID: "job-c5d-4b48-abba-5ee598dbd653"}
	for why, tt := range map[string]struct {
		job   RunJob
		found bool
	}{
		"neither name nor id":         {RunJob{}, true},
		"the name in another case":    {RunJob{JobName: "orders"}, true},
		"both":                        {RunJob{JobName: "Orders", RunID: j.RunID}, true},
		"another name":                {RunJob{JobName: "clicks"}, false},
		"the name with another runId": {RunJob{JobName: "Orders", RunID: "job-1"}, false},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			e := tt.job.Matches(j)
			if (e == nil) != tt.found {
				t.Errorf("got %v", e)
			}
			if e != nil && (e.Kind != NotFound || e.Code != "JobNotFound") {
				t.Errorf("got %s %s", e.Kind, e.Code)
			}
		})
	}
}

func TestRunJobsAreValidated(t *testing.T) {
	t.Parallel()
	launch := LaunchOf(orders())
	for why, tt := range map[string]struct {
		job  RunJob
		want string
	}{
		"nothing":                       {RunJob{Action: ActionStart}, ""},
		"all of it":                     {RunJob{Action: ActionStart, JarDirectory: "x", JarName: "a.jar", EntryClass: "A", Args: ptr("a"), SavePointName: "chk-3", Configuration: map[string]string{"a": "b"}}, ""},
		"STOP ignores what is bad":      {RunJob{Action: ActionStop, Args: ptr(`"`), JarName: "x", SavePointName: "../x"}, ""},
		"args":                          {RunJob{Action: ActionStart, Args: ptr(`"`)}, "InvalidArgs properties.args"},
		"a jar's name":                  {RunJob{Action: ActionStart, JarName: "x/y.jar"}, "InvalidJarPath properties.jarName"},
		"a folder outside":              {RunJob{Action: ActionStart, JarDirectory: "../x"}, "InvalidStorageUri properties.jobJarDirectory"},
		"a class":                       {RunJob{Action: ActionUpdate, EntryClass: "a b"}, "InvalidEntryClass properties.entryClass"},
		"a savepoint":                   {RunJob{Action: ActionStart, SavePointName: "a/b"}, "InvalidSavePointName properties.savePointName"},
		"a savepoint for no state":      {RunJob{Action: ActionStatelessUpdate, SavePointName: "chk-3"}, "InvalidSavePointName properties.savePointName"},
		"a reserved key":                {RunJob{Action: ActionStart, Configuration: map[string]string{"security.x": ""}}, "ReservedConfigurationKey properties.flinkConfiguration.security.x"},
		"a script":                      {RunJob{Action: ActionUpdate, JarName: "a.sql"}, ""},
		"a Python program":              {RunJob{Action: ActionUpdate, JarName: "a.py", Args: ptr("a")}, ""},
		"a Python program with a class": {RunJob{Action: ActionUpdate, JarName: "a.py", EntryClass: "A"}, "InvalidEntryClass properties.entryClass"},
		"a script with a class":         {RunJob{Action: ActionUpdate, JarName: "a.sql", EntryClass: "A"}, "InvalidEntryClass properties.entryClass"},
		"a script with arguments":       {RunJob{Action: ActionUpdate, JarName: "a.sql", Args: ptr("a")}, "InvalidArgs properties.args"},
		"too much memory": {RunJob{Action: ActionStart, Configuration: map[string]string{"taskmanager.memory.process.size": "9999m"}},
			"InvalidMemory properties.flinkConfiguration.taskmanager.memory.process.size"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got := ""
			for _, f := range ValidateRunJob(tt.job, launch, testFacts, Limits{}) {
				got += f.Code + " " + f.Target
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOnlyTheParallelismOfAnAdaptiveJobChangesInPlace(t *testing.T) {
	t.Parallel()
	with := func(keys ...string) Launch {
		l := Launch{JarName: "a.jar", TaskManagers: 2, Configuration: map[string]string{}}
		for i := 0; i < len(keys); i += 2 {
			l.Configuration[keys[i]] = keys[i+1]
		}
		return l
	}
	adaptive := []string{"jobmanager.scheduler", "adaptive", "taskmanager.numberOfTaskSlots", "2", KeyParallelism}
	other := with(append(adaptive, "3")...)
	other.JarName = "b.jar"
	for why, tt := range map[string]struct {
		from, to Launch
		want     bool
	}{
		"the parallelism":           {with(append(adaptive, "2")...), with(append(adaptive, "3")...), true},
		"more than there are slots": {with(append(adaptive, "2")...), with(append(adaptive, "5")...), false},
		"nothing":                   {with(append(adaptive, "2")...), with(append(adaptive, "2")...), false},
		"something else too":        {with(append(adaptive, "2")...), other, false},
		"another scheduler":         {with(KeyParallelism, "1"), with(KeyParallelism, "2"), false},
	} {
		if got := tt.from.OnlyParallelism(tt.to); got != tt.want {
			t.Errorf("%s: got %v", why, got)
		}
	}
}
