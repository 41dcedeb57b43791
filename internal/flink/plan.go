package flink

import (
	"crypto/tls"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"drey/internal/secret"
)

// Folders say how an incarnation looks from inside its processes, all paths absolute. Its fields are those of runtime.Layout,
// in the same order: one converts into the other.
type Folders struct {
	Host         string // by which the JobManager is found
	Bind         string // the address that all roles listen at; "" is Host
	Own          string // by which a TaskManager is found; "" is Host. "@address" is replaced by the keeper, in arguments only
	Java         string // the java executable
	Distribution string // FLINK_HOME
	Lib          string // its jars
	Opt          string // FLINK_OPT_DIR
	Conf         string // where Rendered.Files are put
	Jars         string // where the job's jars and the gate's lie
	Plugins      string // FLINK_PLUGINS_DIR
	Gate         string // folder of the gate's files
	Work         string // the processes' working folders are below it: <role>-<index>
	// Identity is what alone the processes and their server know each other by, with its Leaf; nil: no TLS.
	Identity *tls.Certificate
}

// Ports are the ports of one incarnation that others must know. Those of TaskManagers are chosen by the kernel.
type Ports struct {
	RPC  int // JobManager's, for its TaskManagers
	REST int
	Blob int // JobManager's, for its TaskManagers; 0: the kernel chooses
}

// known are those that the JobManager is reached at.
func (p Ports) known() []int {
	all := []int{p.RPC, p.REST}
	if p.Blob > 0 {
		all = append(all, p.Blob)
	}
	return all
}

// Storage says where a job's state goes, as URIs Flink understands.
type Storage struct {
	Checkpoints string // default directory; Flink adds one of the job id's name
	Savepoints  string // default directory, used only if a request names none
	Archive     string // where the JobManager leaves the job's history; "" for nowhere
	Root        string // drey.fs.root: folder below which abfs accounts and containers are folders; "" without folder mounts
	S3          S3
	Accounts    map[string]string // drey.fs.account.<name>: accounts with a folder of their own
}

// Program is what runs in the job: names of files are relative to Folders.Jars.
type Program struct {
	Jar    string   // "" for a script
	Script string   // a SQL script, run by Flink's own program; then Class and Args mean nothing
	Python string   // a Python file, run by Flink's own program; then Class means nothing
	Libs   []string // jars beside it, for JobManager and TaskManagers
	Class  string   // "" for the jar's Main-Class
	Args   []string

	Interpreter string // path of the Python that a user does not name; "": what is called python there
}

// What the gate can do before it says that it is ready, for [Plan].Prepare.
const (
	PreparePlan   = "plan"    // call the user's main() for its graph only, and report it
	PrepareWarmUp = "warm-up" // run a small job of ours to its end: beside a living incarnation, where waiting costs nothing
)

// Plan is everything that one incarnation is rendered from.
type Plan struct {
	Incarnation  string // 32 lower-case hex digits
	Version      string // of the distribution, for example "2.3.0"
	JobName      string
	Config       map[string]string // the user's: [Classified].Config of the merged layers
	JobManager   Size
	TaskManager  Size
	TaskManagers int
	Ports        Ports
	Storage      Storage
	Program      Program
	GateJar      string   // name of our jar in Folders.Jars: appended to the JobManager's class path
	Prepare      []string // PreparePlan, PrepareWarmUp; empty: the gate is ready as soon as the JobManager is
	Archives     Archives // that fit Folders.Java, Folders.Lib and the gate jar
	Folders      Folders
}

// File is a small file for Folders.Conf.
type File struct {
	Name    string
	Mode    fs.FileMode
	Content secret.Value // configuration may hold keys of storage accounts
}

// The roles of an application cluster, as runtime.Role names them.
const (
	RoleJobManager  = "jobmanager"
	RoleTaskManager = "taskmanager"
)

// Process is one process to start.
type Process struct {
	Role     string // RoleJobManager or RoleTaskManager
	Index    int
	Args     []string          // argv; "@jars:…" is for the keeper to replace
	Env      map[string]string // all of it
	MemoryMB int               // 110 % of the role's memory
	CPU      float64           // cores
	Gate     bool              // the gate is inside
	Ports    []int             // that others reach it at, as far as they are known before
}

// Rendered is an incarnation, ready for a runtime.
type Rendered struct {
	Files     []File
	Processes []Process         // the JobManager first
	Config    map[string]string // what config.yaml holds, for show: mask it by [Sensitive]
	Memory    Memory
}

// Render makes files and command lines. It has no effect and reads nothing but p: the same plan gives the same answer, but for the
// password of its key stores, which is random.
// A value of the user's configuration that cannot be used is a [*ConfigError].
func Render(p Plan) (Rendered, error) {
	if err := p.check(); err != nil {
		return Rendered{}, err
	}
	memory, err := NewMemory(p.Config, p.JobManager, p.TaskManager, p.Program.class())
	if err != nil {
		return Rendered{}, err
	}
	config, err := p.config(memory)
	if err != nil {
		return Rendered{}, err
	}
	stores, err := p.secure(config)
	if err != nil {
		return Rendered{}, err
	}
	processes := []Process{p.jobManager(config, memory)}
	for i := range p.TaskManagers {
		processes = append(processes, p.taskManager(i, config, memory))
	}
	return Rendered{
		Files: append([]File{
			{Name: "config.yaml", Mode: 0o400, Content: secret.New(yaml(config))},
			{Name: "log4j.properties", Mode: 0o400, Content: secret.New(log4j)},
		}, stores...),
		Processes: processes,
		Config:    config,
		Memory:    memory,
	}, nil
}

var incarnationForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// check finds plans that no user's value can be the reason of.
func (p Plan) check() error {
	if !incarnationForm.MatchString(p.Incarnation) {
		return fmt.Errorf("incarnation %q is not 32 lower-case hex digits", p.Incarnation)
	}
	if p.TaskManagers < 0 || p.JobManager.MemoryMB <= 0 || p.TaskManager.MemoryMB <= 0 || p.Ports.RPC <= 0 || p.Ports.REST <= 0 {
		return fmt.Errorf("plan is not complete: %d task managers, %d and %d MB, ports %d and %d",
			p.TaskManagers, p.JobManager.MemoryMB, p.TaskManager.MemoryMB, p.Ports.RPC, p.Ports.REST)
	}
	f := p.Folders
	for _, folder := range []string{f.Java, f.Distribution, f.Lib, f.Opt, f.Conf, f.Jars, f.Plugins, f.Gate, f.Work} {
		if !path.IsAbs(folder) || strings.ContainsAny(folder, ":\n") {
			return fmt.Errorf("path %q is not absolute, or has a colon, which a class path cannot hold", folder)
		}
	}
	for _, name := range append([]string{p.Program.Jar, p.Program.Script, p.Program.Python, p.GateJar}, p.Program.Libs...) {
		if strings.ContainsAny(name, ":;\n") || path.IsAbs(name) {
			return fmt.Errorf("file name %q of a jar cannot be used", name)
		}
	}
	if p.Program.Jar == "" && p.Program.class() == "" {
		return fmt.Errorf("a program needs a jar or a class")
	}
	return nil
}

// dir is the working folder of one process.
func (p Plan) dir(role string, index int) string {
	return fmt.Sprintf("%s/%s-%d", p.Folders.Work, role, index)
}
