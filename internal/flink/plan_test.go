package flink

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func testPlan() Plan {
	return Plan{
		Incarnation:  "00112233445566778899aabbccddeeff",
		Version:      "2.3.0",
		JobName:      "orders",
		Config:       map[string]string{"taskmanager.numberOfTaskSlots": "2"},
		JobManager:   Size{MemoryMB: 512, CPU: 0.5},
		TaskManager:  Size{MemoryMB: 768, CPU: 1.5},
		TaskManagers: 2,
		Ports:        Ports{RPC: 22001, REST: 22002},
		Storage:      Storage{Checkpoints: "abfs://c@a.dfs.x/d/checkpoints", Savepoints: "abfs://c@a.dfs.x/d/savepoints", Root: "/data/folders"},
		Program:      Program{Jar: "9f.jar", Args: []string{"--rate", "-Dx=1"}},
		GateJar:      "drey-flink.jar",
		Prepare:      []string{PreparePlan, PrepareWarmUp},
		Folders: Folders{
			Host: "127.0.0.1", Java: "/jdk/bin/java", Distribution: "/flink", Lib: "/flink/lib", Opt: "/flink/opt",
			Conf: "/run/conf", Jars: "/run/my jars", Plugins: "/run/plugins", Gate: "/run/gate", Work: "/run/work",
		},
	}
}

func render(t *testing.T, plan Plan) Rendered {
	t.Helper()
	rendered, err := Render(plan)
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

func TestWhereProcessesHaveAddressesOfTheirOwnEachSaysIts(t *testing.T) {
	t.Parallel()
	p := testPlan()
	p.Folders.Host, p.Folders.Bind, p.Folders.Own, p.Ports.Blob = "jm", "0.0.0.0", "@address", 6124
	r := render(t, p)
	for key, want := range map[string]string{
		"jobmanager.rpc.address": "jm", "rest.address": "jm", "jobmanager.bind-host": "0.0.0.0", "rest.bind-address": "0.0.0.0",
		"taskmanager.bind-host": "0.0.0.0", "taskmanager.host": "", "blob.server.port": "6124",
	} {
		if got := r.Config[key]; got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if args := strings.Join(r.Processes[1].Args, " "); !strings.Contains(args, " -Dtaskmanager.host=@address ") {
		t.Errorf("a TaskManager's arguments are %s", args)
	}
	if diff := cmp.Diff([]int{22001, 22002, 6124}, r.Processes[0].Ports); diff != "" {
		t.Error(diff)
	}
}

func TestJobManagersCommandLine(t *testing.T) {
	t.Parallel()
	want := `/jdk/bin/java
-XX:+IgnoreUnrecognizedVMOptions
--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED
--add-exports=jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED
--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED
--add-exports=jdk.compiler/com.sun.tools.javac.parser=ALL-UNNAMED
--add-exports=jdk.compiler/com.sun.tools.javac.tree=ALL-UNNAMED
--add-exports=jdk.compiler/com.sun.tools.javac.util=ALL-UNNAMED
--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED
--add-opens=java.base/java.lang=ALL-UNNAMED
--add-opens=java.base/java.net=ALL-UNNAMED
--add-opens=java.base/java.io=ALL-UNNAMED
--add-opens=java.base/java.nio=ALL-UNNAMED
--add-opens=java.base/sun.nio.ch=ALL-UNNAMED
--add-opens=java.base/java.lang.reflect=ALL-UNNAMED
--add-opens=java.base/java.text=ALL-UNNAMED
--add-opens=java.base/java.time=ALL-UNNAMED
--add-opens=java.base/java.util=ALL-UNNAMED
--add-opens=java.base/java.util.concurrent=ALL-UNNAMED
--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED
--add-opens=java.base/java.util.concurrent.locks=ALL-UNNAMED
-Dall=1
-Djm=2
-Xmx268435456
-Xms268435456
-XX:MaxMetaspaceSize=134217728
-XX:+ExitOnOutOfMemoryError
-XX:ActiveProcessorCount=1
-XX:TieredStopAtLevel=1
-Djava.io.tmpdir=/run/work/jobmanager-0
-Dlog4j.configurationFile=file:///run/conf/log4j.properties
-Dlog4j.configuration=file:///run/conf/log4j.properties
-classpath
@jars:/flink/lib:/run/my jars/drey-flink.jar
org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint
--configDir
/run/conf
-Dprocess.working-dir=/run/work/jobmanager-0/work
-Dio.tmp.dirs=/run/work/jobmanager-0/tmp
-Duser.artifacts.base-dir=/run/work/jobmanager-0/artifacts
--job-classname
drey.Gate
--jars
local:///run/my%20jars/9f.jar
--
/run/gate
plan,warm-up
-
--rate
-Dx=1`
	plan := testPlan()
	maps.Copy(plan.Config, map[string]string{"env.java.opts.all": " -Dall=1", "env.java.opts.jobmanager": "-Djm=2", "env.java.opts.taskmanager": "-Dtm=3"})
	got := render(t, plan).Processes[0]
	if diff := cmp.Diff(strings.Split(want, "\n"), got.Args); diff != "" {
		t.Errorf("argv (-want +got):\n%s", diff)
	}
	if got.Role != RoleJobManager || !got.Gate || got.MemoryMB != 564 {
		t.Errorf("process is %s, gate %v, %d MB; want the gated JobManager with 564 MB", got.Role, got.Gate, got.MemoryMB)
	}
	wantEnv := map[string]string{
		"FLINK_CONF_DIR": "/run/conf", "FLINK_HOME": "/flink", "FLINK_LIB_DIR": "/flink/lib", "FLINK_OPT_DIR": "/flink/opt",
		"FLINK_PLUGINS_DIR": "/run/plugins", "HOME": "/run/work/jobmanager-0", "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin",
	}
	if diff := cmp.Diff(wantEnv, got.Env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestTaskManagersDifferInFoldersAndNameOnly(t *testing.T) {
	t.Parallel()
	processes := render(t, testPlan()).Processes
	if len(processes) != 3 {
		t.Fatalf("%d processes, want 3", len(processes))
	}
	first, second := strings.Join(processes[1].Args, "\n"), strings.Join(processes[2].Args, "\n")
	if !strings.Contains(first, "\n-Dtaskmanager.resource-id=tm-0") || strings.Contains(first, "TieredStopAtLevel") ||
		!strings.Contains(first, "\n-XX:ActiveProcessorCount=2\n") || !strings.Contains(first, "\n@jars:/flink/lib\n") || processes[1].Gate {
		t.Errorf("task manager 0 is started as\n%s", first)
	}
	if got := strings.NewReplacer("taskmanager-1", "taskmanager-0", "tm-1", "tm-0").Replace(second); got != first {
		t.Errorf("task managers differ in more than name and folders (-0 +1):\n%s", cmp.Diff(first, got))
	}
	if processes[2].Index != 1 || processes[2].Env["HOME"] != "/run/work/taskmanager-1" {
		t.Errorf("task manager 1 has index %d and home %s", processes[2].Index, processes[2].Env["HOME"])
	}
}

func TestConfigPrecedence(t *testing.T) {
	t.Parallel()
	plan := testPlan()
	maps.Copy(plan.Config, map[string]string{
		"state.backend":          "hashmap",                  // over a default, by its old name
		"heartbeat.interval":     "5 s",                      // over a default
		"state.checkpoints.dir":  "abfs://c@a/other",         // over the deployment's
		"web.submit.enable":      "true",                     // ours wins, should Classify have been left out
		"execution.runtime-mode": "BATCH\n# \"a\": x \u2028", // as it is
		"rest.port":              "1",
	})
	plan.Program.Libs = []string{"a b.jar", "c.jar"}
	got := render(t, plan).Config
	for key, want := range map[string]string{
		"state.backend.type":                    "hashmap",
		"heartbeat.interval":                    "5 s",
		"heartbeat.timeout":                     "8000",
		"execution.checkpointing.dir":           "abfs://c@a/other",
		"execution.checkpointing.savepoint-dir": "abfs://c@a.dfs.x/d/savepoints",
		"execution.checkpointing.interval":      "60 s",
		"execution.checkpointing.num-retained":  "5",
		"web.submit.enable":                     "false",
		"rest.port":                             "22002",
		"jobmanager.rpc.port":                   "22001",
		"parallelism.default":                   "2",
		"taskmanager.cpu.cores":                 "1.5",
		"taskmanager.memory.managed.size":       "8388608b",
		"taskmanager.memory.process.size":       "768m",
		"pipeline.name":                         "orders",
		"pipeline.classpaths":                   "file:///run/my%20jars/a%20b.jar;file:///run/my%20jars/c.jar",
		"drey.fs.root":                          "/data/folders",
		"drey.jar-in-place":                     "file:///run/my%20jars/9f.jar",
		"cluster.id":                            plan.Incarnation,
		"execution.runtime-mode":                "BATCH\n# \"a\": x \u2028",
	} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
	if _, set := got["state.backend"]; set {
		t.Error("the old name is written beside the new one")
	}
}

func TestConfigFileIsFlatAndQuoted(t *testing.T) {
	t.Parallel()
	rendered := render(t, testPlan())
	file := rendered.Files[0]
	if file.Name != "config.yaml" || file.Mode != 0o400 || strings.Contains(file.Content.String(), "rest") {
		t.Errorf("file is %s %o %s, want a secret config.yaml of mode 400", file.Name, file.Mode, file.Content)
	}
	read := map[string]string{}
	for line := range strings.Lines(file.Content.Reveal()) {
		var pair map[string]string
		if err := json.Unmarshal([]byte("{"+line+"}"), &pair); err != nil {
			t.Fatalf("line %q is not a quoted pair: %v", line, err)
		}
		maps.Copy(read, pair)
	}
	if diff := cmp.Diff(rendered.Config, read); diff != "" {
		t.Errorf("file holds something else (-config +file):\n%s", diff)
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		change func(*Plan)
		want   string
	}{
		"slots that are no number": {func(p *Plan) { p.Config["taskmanager.numberOfTaskSlots"] = "many" },
			`taskmanager.numberOfTaskSlots must be a whole number of at least 1, not "many".`},
		"memory that cannot work": {func(p *Plan) { p.TaskManager.MemoryMB = 300 },
			"The TaskManager is too small: of 108 MB for Flink, framework heap 64 MB, framework off-heap 32 MB, task off-heap 0 MB, " +
				"managed 64 MB and network 16 MB leave nothing for the task heap."},
		"no incarnation":             {func(p *Plan) { p.Incarnation = "x" }, `incarnation "x" is not 32 lower-case hex digits`},
		"a relative folder":          {func(p *Plan) { p.Folders.Lib = "lib" }, `path "lib" is not absolute, or has a colon, which a class path cannot hold`},
		"a jar out of its place":     {func(p *Plan) { p.Program.Libs = []string{"/etc/x.jar"} }, `file name "/etc/x.jar" of a jar cannot be used`},
		"a script out of its place":  {func(p *Plan) { p.Program = Program{Script: "/etc/x.sql"} }, `file name "/etc/x.sql" of a jar cannot be used`},
		"a Python file out of place": {func(p *Plan) { p.Program = Program{Python: "/etc/x.py"} }, `file name "/etc/x.py" of a jar cannot be used`},
		"nothing to run":             {func(p *Plan) { p.Program = Program{} }, "a program needs a jar or a class"},
		"no port":                    {func(p *Plan) { p.Ports.REST = 0 }, "plan is not complete: 2 task managers, 512 and 768 MB, ports 22001 and 0"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			plan := testPlan()
			tt.change(&plan)
			if _, err := Render(plan); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestAScriptIsRunByFlinksOwnProgram(t *testing.T) {
	t.Parallel()
	plan := testPlan()
	plan.Program = Program{Script: "9f.sql", Libs: []string{"kafka.jar"}}
	r := render(t, plan)
	args := strings.Join(r.Processes[0].Args, " ")
	for _, want := range []string{
		" --jars local:///flink/opt/flink-sql-gateway-2.3.0.jar ",
		" -- /run/gate plan,warm-up org.apache.flink.table.runtime.application.SqlDriver --scriptUri file:///run/my%20jars/9f.sql",
	} {
		if !strings.Contains(args, want) {
			t.Errorf("the arguments lack %q: %s", want, args)
		}
	}
	if got, want := r.Config["pipeline.classpaths"], "file:///run/my%20jars/kafka.jar"; got != want {
		t.Errorf("beside it lies %q, want %q", got, want)
	}
	if got := r.Config["jobmanager.memory.jvm-metaspace.size"]; !strings.HasPrefix(got, "268435456") {
		t.Errorf("metaspace %q, want 256 MB: SQL loads many classes", got)
	}
}

func TestAPythonFileIsRunByFlinksOwnProgram(t *testing.T) {
	t.Parallel()
	plan := testPlan()
	plan.Program = Program{Python: "9f.py", Args: []string{"-h", "b c"}, Interpreter: "/flink/python/bin/python"}
	r := render(t, plan)
	args := r.Processes[0].Args
	want := []string{"org.apache.flink.client.python.PythonDriver", "--python=/run/my jars/9f.py", "--", "-h", "b c"}
	if diff := cmp.Diff(want, args[len(args)-len(want):]); diff != "" {
		t.Errorf("its arguments (-want +got):\n%s", diff)
	}
	if jar := "local:///flink/opt/flink-python-2.3.0.jar"; !slices.Contains(args, jar) {
		t.Errorf("the arguments lack %s: %q", jar, args)
	}
	if got := r.Config["taskmanager.memory.managed.size"]; got != "268435456b" {
		t.Errorf("managed memory %q, want 256 MB: the workers have their share of it", got)
	}
}

func TestTheUsersPythonGoesBeforeOurs(t *testing.T) {
	t.Parallel()
	const worker, client = "python.executable", "python.client.executable"
	for why, tt := range map[string]struct {
		ours string
		user map[string]string
		want [2]string
	}{
		"ours":                           {"/ours", nil, [2]string{"/ours", "/ours"}},
		"the user's, for both":           {"/ours", map[string]string{worker: "/theirs"}, [2]string{"/theirs", "/theirs"}},
		"the user's, for the JobManager": {"/ours", map[string]string{client: "/theirs"}, [2]string{"/ours", "/theirs"}},
		"the image's":                    {"", nil, [2]string{"", ""}},
	} {
		plan := testPlan()
		maps.Copy(plan.Config, tt.user)
		plan.Program = Program{Python: "9f.py", Interpreter: tt.ours}
		config := render(t, plan).Config
		if got := [2]string{config[worker], config[client]}; got != tt.want {
			t.Errorf("%s: got %q, want %q", why, got, tt.want)
		}
	}
}

func TestDefaultParallelism(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ slots, taskManagers, want int }{{1, 1, 1}, {1, 2, 2}, {4, 4, 2}, {1, 0, 1}} {
		if got := DefaultParallelism(tt.slots, tt.taskManagers); got != tt.want {
			t.Errorf("DefaultParallelism(%d, %d) = %d, want %d", tt.slots, tt.taskManagers, got, tt.want)
		}
	}
}

func TestModuleArgsByLine(t *testing.T) {
	t.Parallel()
	for version, want := range map[string][2]bool{ // has sun.net.util, has 2.4's
		"1.20.4": {true, false}, "2.0.2": {true, false}, "2.1.0": {false, false}, "2.3.0": {false, false}, "2.4-SNAPSHOT": {false, true},
	} {
		args := strings.Join(ModuleArgs(version), " ")
		got := [2]bool{strings.Contains(args, "sun.net.util"), strings.Contains(args, "sun-misc-unsafe")}
		if got != want {
			t.Errorf("%s: flags of old lines and of 2.4: %v, want %v", version, got, want)
		}
	}
}
