package flink

import (
	"maps"
	"strconv"
	"strings"
)

// exports and opens are what Flink needs of the JDK's modules; serializers, Pekko and Netty fail without.
var exports = []string{
	"java.rmi/sun.rmi.registry",
	"jdk.compiler/com.sun.tools.javac.api",
	"jdk.compiler/com.sun.tools.javac.file",
	"jdk.compiler/com.sun.tools.javac.parser",
	"jdk.compiler/com.sun.tools.javac.tree",
	"jdk.compiler/com.sun.tools.javac.util",
	"java.security.jgss/sun.security.krb5",
}

var opens = []string{
	"java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.lang.reflect", "java.text", "java.time", "java.util",
	"java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks",
}

// ModuleArgs are the flags of the JVM that a Flink of this version needs on any JDK.
func ModuleArgs(version string) []string {
	args := []string{"-XX:+IgnoreUnrecognizedVMOptions"} // first: an older JDK must not stumble over what comes
	for _, name := range exports {
		args = append(args, "--add-exports="+name+"=ALL-UNNAMED")
	}
	for _, name := range opens {
		args = append(args, "--add-opens=java.base/"+name+"=ALL-UNNAMED")
	}
	return append(args, lineOf(version).Flags...)
}

// java is the beginning of both command lines, up to and with the class path. What is ours comes after the user's options: of
// two equal ones the JVM takes the last.
func (p Plan) java(role string, index int, config map[string]string, size Size, memory []string) []string {
	dir := p.dir(role, index)
	args := append([]string{p.Folders.Java}, ModuleArgs(p.Version)...)
	options := append(strings.Fields(config["env.java.opts.all"]), strings.Fields(config["env.java.opts."+role])...)
	if !ownArchive(options) {
		args = append(args, archiveArgs(p.Archives.of(role))...)
	}
	args = append(args, options...)
	args = append(args, memory...)
	args = append(args, "-XX:+ExitOnOutOfMemoryError")
	if size.CPU > 0 {
		args = append(args, "-XX:ActiveProcessorCount="+strconv.Itoa(cores(size.CPU)))
	}
	if role == RoleJobManager {
		args = append(args, "-XX:TieredStopAtLevel=1") // a JobManager's time is its start's: 40 % less of it
	}
	log := fileURL(p.Folders.Conf + "/log4j.properties")
	return append(args, "-Djava.io.tmpdir="+dir, "-Dlog4j.configurationFile="+log, "-Dlog4j.configuration="+log)
}

// tail are the folders of one process, which differ within an incarnation and so are no part of config.yaml.
func (p Plan) tail(role string, index int) []string {
	dir := p.dir(role, index)
	args := []string{
		"--configDir", p.Folders.Conf,
		"-Dprocess.working-dir=" + dir + "/work",
		"-Dio.tmp.dirs=" + dir + "/tmp",
	}
	if role == RoleTaskManager {
		if p.Folders.Own != "" {
			args = append(args, "-Dtaskmanager.host="+p.Folders.Own)
		}
		return append(args, "-Dtaskmanager.resource-id="+TaskManagerID(index))
	}
	return append(args, "-Duser.artifacts.base-dir="+dir+"/artifacts")
}

// jobManager is the JobManager, with the gate as the program's entry. No job id and no restore path: the order says them.
func (p Plan) jobManager(config map[string]string, memory Memory) Process {
	args := p.java(RoleJobManager, 0, config, p.JobManager, memory.JobManager.JVMArgs())
	classPath := "@jars:" + p.Folders.Lib
	if p.GateJar != "" {
		classPath += ":" + p.Folders.Jars + "/" + p.GateJar
	}
	args = append(args, "-classpath", classPath, "org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint")
	args = append(args, p.tail(RoleJobManager, 0)...)
	args = append(args, "--job-classname", "drey.Gate")
	if jar := p.jar(); jar != "" {
		args = append(args, "--jars", local(jar))
	}
	class := p.Program.class()
	if class == "" {
		class = "-" // the gate takes the jar's Main-Class
	}
	prepare := strings.Join(p.Prepare, ",")
	if prepare == "" {
		prepare = "-"
	}
	args = append(args, "--", p.Folders.Gate, prepare, class)
	args = append(args, p.args()...)
	return Process{Role: RoleJobManager, Args: args, Env: p.env(RoleJobManager, 0), MemoryMB: hardMB(p.JobManager), CPU: p.JobManager.CPU, Gate: true, Ports: p.Ports.known()}
}

func (p Plan) taskManager(index int, config map[string]string, memory Memory) Process {
	args := p.java(RoleTaskManager, index, config, p.TaskManager, memory.TaskManager.JVMArgs())
	args = append(args, "-classpath", "@jars:"+p.Folders.Lib, "org.apache.flink.runtime.taskexecutor.TaskManagerRunner")
	args = append(args, p.tail(RoleTaskManager, index)...)
	return Process{Role: RoleTaskManager, Index: index, Args: args, Env: p.env(RoleTaskManager, index), MemoryMB: hardMB(p.TaskManager), CPU: p.TaskManager.CPU}
}

// env is the whole environment: nothing of the server's, whose credentials are no business of a job's, but those of the storage that both use.
func (p Plan) env(role string, index int) map[string]string {
	f := p.Folders
	env := map[string]string{
		"FLINK_CONF_DIR":    f.Conf,
		"FLINK_HOME":        f.Distribution,
		"FLINK_LIB_DIR":     f.Lib,
		"FLINK_OPT_DIR":     f.Opt,
		"FLINK_PLUGINS_DIR": f.Plugins,
		"HOME":              p.dir(role, index),
		"LANG":              "C.UTF-8",
		"PATH":              "/usr/local/bin:/usr/bin:/bin",
	}
	maps.Copy(env, p.Storage.S3.env())
	return env
}

// hardMB is what a process may use at most: 110 % of the role's memory.
func hardMB(size Size) int { return (size.MemoryMB*110 + 99) / 100 }

// log4j sends everything to standard output, where the keeper keeps it from the first byte to the last. The configuration is
// never read again. Flink's own line of MDC names the job.
const log4j = `rootLogger.level = INFO
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = Console
appender.console.target = SYSTEM_OUT
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss,SSSXXX} %-5p [%t] %c [job:%X{flink-job-id}] - %m%n%xEx
logger.netty.name = org.jboss.netty.channel.DefaultChannelPipeline
logger.netty.level = OFF
logger.pekko.name = org.apache.pekko
logger.pekko.level = INFO
logger.kafka.name = org.apache.kafka
logger.kafka.level = INFO
logger.hadoop.name = org.apache.hadoop
logger.hadoop.level = INFO
`
