package flink

import (
	"fmt"
	"regexp"
	"strings"
)

// Codes of what can be wrong with a job. They are contract: add, never rename.
const (
	CodeJarNotFound        = "JarNotFound"
	CodeInvalidJar         = "InvalidJar"
	CodeEntryClassNotFound = "EntryClassNotFound"
	CodeMainFailed         = "ApplicationMainFailed"
	CodeNoJobSubmitted     = "NoJobSubmitted"
	CodeMultipleJobs       = "MultipleJobs"
	CodeExited             = "ApplicationExited"
	CodeOutOfMemory        = "OutOfMemory"
	CodeSavepointNotFound  = "SavepointNotFound"
	CodeStateIncompatible  = "StateIncompatible"
	CodeInsufficientSlots  = "InsufficientSlots"
	CodeJobFailed          = "JobFailed"
	CodePortUnavailable    = "PortUnavailable"
	CodeRuntimeStartFailed = "RuntimeStartFailed"
	CodeProcessKilled      = "ProcessKilled"
	CodeJobManagerLost     = "JobManagerLost"
	maxExcerpt             = 4 << 10
	maxCause               = 500
)

// Diagnosis is the likely cause of a failure.
type Diagnosis struct {
	Code    string
	Message string // the root cause, one line
	Hint    string // the way out, or ""
	Excerpt string // what shows it: a part of a stack or log, at most 4 KiB
}

// sign is a text that gives a cause away, wherever it stands.
type sign struct {
	text string
	code string
	hint string
}

// signs are looked for in this order; the first that is found wins.
var signs = []sign{
	{"java.lang.OutOfMemoryError: Metaspace", CodeOutOfMemory, "give the process more memory, or set jobmanager/taskmanager.memory.jvm-metaspace.size"},
	{"java.lang.OutOfMemoryError", CodeOutOfMemory, "give the process more memory"},
	{"Could not reserve enough space for object heap", CodeOutOfMemory, "the machine has too little memory for this process; ask for less"},
	{"There is insufficient memory for the Java Runtime Environment", CodeOutOfMemory, "the machine has too little memory for this process; ask for less"},
	{"Could not start rest endpoint on any port", CodePortUnavailable, ""},
	{"java.net.BindException", CodePortUnavailable, ""},
	{"Cannot map checkpoint/savepoint state for operator", CodeStateIncompatible, "the new program has no operator for that state: keep the operators' uids"},
	{"Max parallelism mismatch", CodeStateIncompatible, "the state was written with another maximum parallelism"},
	{"StateMigrationException", CodeStateIncompatible, "the type of the state changed in a way Flink cannot migrate"},
	{"Cannot find meta data file", CodeSavepointNotFound, "choose another savepoint"},
	{"Failed to rollback to checkpoint/savepoint", CodeSavepointNotFound, "choose another savepoint"},
	{"Cannot find checkpoint or savepoint", CodeSavepointNotFound, "choose another savepoint"},
	{"a Drey job is one Flink job", CodeMultipleJobs, "call execute() once; several INSERTs go into one statement set"},
	{"NoResourceAvailableException", CodeInsufficientSlots, "add TaskManagers or slots, or lower the parallelism"},
}

// noEntry are the gate's own words for a class it cannot call (drey.UserProgram). A class that is missing later, inside main(),
// is main()'s failure.
var noEntry = regexp.MustCompile(`^java\.lang\.(?:ClassNotFoundException|NoSuchMethodException): (the job's jar has no class .+|no main class: .+|.+ has no public static void main\(String\[\]\))$`)

// DiagnoseMain says why main() failed: stack is the exception the gate wrote down, with its causes.
func DiagnoseMain(stack string) Diagnosis {
	d, found := bySign(stack)
	if found {
		return d
	}
	d = Diagnosis{Code: CodeMainFailed, Message: RootCause(stack), Excerpt: excerpt(stack)}
	first, _, _ := strings.Cut(stack, "\n")
	if m := noEntry.FindStringSubmatch(first); m != nil {
		d.Code, d.Message, d.Hint = CodeEntryClassNotFound, clip(m[1], maxCause), "check the entry class against the jar"
	}
	return d
}

// DiagnoseJob says why a job is FAILED: its exceptions, newest first.
func DiagnoseJob(list []JobException) Diagnosis {
	if len(list) == 0 {
		return Diagnosis{Code: CodeJobFailed, Message: "The job failed, and Flink tells no exception."}
	}
	for _, e := range list {
		if d, found := bySign(e.Stack); found {
			return d
		}
	}
	return Diagnosis{Code: CodeJobFailed, Message: RootCause(list[0].Stack), Excerpt: excerpt(list[0].Stack)}
}

// Exit is how a process ended.
type Exit struct {
	Role   string // RoleJobManager, RoleTaskManager
	Code   int    // -1 if a signal ended it, or nobody saw its end
	Signal int
	OOM    bool
}

// DiagnoseExit says why a process ended; tail is the end of its output.
func DiagnoseExit(e Exit, tail string) Diagnosis {
	d, found := bySign(tail)
	switch {
	case e.OOM && d.Code != CodeOutOfMemory:
		d = Diagnosis{Code: CodeOutOfMemory, Message: "The " + e.Role + " ran out of memory.", Hint: "give the process more memory"}
	case found:
	case e.Signal != 0:
		d = Diagnosis{Code: CodeProcessKilled, Message: fmt.Sprintf("The %s was ended by signal %d.", e.Role, e.Signal)}
	case strings.Contains(tail, "Could not create application program"), strings.Contains(tail, "Could not create the Java Virtual Machine"):
		d = Diagnosis{Code: CodeRuntimeStartFailed, Message: lastCause(tail)}
	case e.Role == RoleJobManager && !flinkExit[e.Code]:
		d = Diagnosis{Code: CodeExited, Message: fmt.Sprintf("The JobManager's process ended with exit code %d: main() may have called System.exit.", e.Code),
			Hint: "let main() return; do not call System.exit"}
	default:
		d = Diagnosis{Code: CodeRuntimeStartFailed, Message: fmt.Sprintf("The %s ended with exit code %d: %s", e.Role, e.Code, lastCause(tail))}
	}
	if d.Excerpt == "" {
		d.Excerpt = clip(clipFront(tail, maxExcerpt), maxExcerpt)
	}
	return d
}

// flinkExit are the codes with which Flink itself ends a JobManager (flink.md 1.9).
var flinkExit = map[int]bool{-1: true, 1: true, 2: true, 3: true, 143: true, 163: true, 165: true, 239: true}

// bySign finds the first sign in a text.
func bySign(text string) (Diagnosis, bool) {
	for _, s := range signs {
		at := strings.Index(text, s.text)
		if at < 0 {
			continue
		}
		begin := strings.LastIndexByte(text[:at], '\n') + 1
		line, _, _ := strings.Cut(text[begin:], "\n")
		return Diagnosis{Code: s.code, Message: cause(line), Hint: s.hint, Excerpt: excerpt(text[begin:])}, true
	}
	return Diagnosis{}, false
}

var causedBy = regexp.MustCompile(`(?m)^\s*Caused by: (.*)$`)

// RootCause is the last cause of a Java stack as one line: its message, then its class in brackets.
func RootCause(stack string) string {
	line := ""
	if all := causedBy.FindAllStringSubmatch(stack, -1); len(all) > 0 {
		line = all[len(all)-1][1]
	} else {
		line, _, _ = strings.Cut(strings.TrimSpace(stack), "\n")
	}
	return cause(line)
}

var exceptionLine = regexp.MustCompile(`^(?:.*?Caused by: )?([A-Za-z_$][\w$]*(?:\.[\w$]+)+(?:Exception|Error|Throwable)?): (.+)$`)

// cause turns "java.lang.IllegalStateException: no such topic" into "no such topic (IllegalStateException)".
func cause(line string) string {
	line = strings.TrimSpace(line)
	if m := exceptionLine.FindStringSubmatch(line); m != nil {
		class := m[1][strings.LastIndexByte(m[1], '.')+1:]
		line = m[2] + " (" + class + ")"
	}
	if line == "" {
		return "no cause was told"
	}
	return clip(line, maxCause)
}

// lastCause is the last cause in a log, else its last error line, else its last line.
func lastCause(tail string) string {
	if all := causedBy.FindAllStringSubmatch(tail, -1); len(all) > 0 {
		return cause(all[len(all)-1][1])
	}
	lines := strings.Split(strings.TrimSpace(tail), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.Contains(lines[i], "ERROR") || strings.HasPrefix(lines[i], "Error") {
			return cause(lines[i])
		}
	}
	return cause(lines[len(lines)-1])
}

func excerpt(text string) string { return clip(text, maxExcerpt) }

// clipFront keeps the end of a text.
func clipFront(text string, limit int) string {
	if len(text) > limit {
		text = text[len(text)-limit:]
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			text = text[i+1:]
		}
	}
	return text
}
