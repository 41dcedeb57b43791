package flink

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
)

// Line is a release line of Flink, with all that Drey must know of it and that is not the same for every line: nothing else in Drey
// asks a version what it can do. The facts of start and end were measured by test/e2e, which compares each life with this table
// (docs/flink-versions.md).
type Line struct {
	Name      string   // the first two parts of its versions: "1.20"
	Java      []int    // majors that run it, the one to install first
	Python    []int    // minors of Python 3 that its package is built for
	Flags     []string // of the JVM, beyond what every line needs
	Legacy    []string // versions of the original service that run as the newest one installed of this line (R03)
	Metadata  int      // the format of _metadata that it writes; it reads that one and all before
	SQLDriver bool     // a SQL script can be a job's program, without a jar
	Hive      bool     // a Hive connector was released for it (R11)
	NoJob     Ending   // main() returned and had submitted nothing
	NoMain    Ending   // main() threw once it was called for real
	NoRestore Ending   // Flink cannot restore what it is told to
}

// Ending is what becomes of a JobManager whose job did not come to run (execution.shutdown-on-application-finish is false), and where
// the reason is found. Drey looks in all these places whatever the line: the gate's own files first, then the log of a process that
// ended, then REST.
type Ending struct {
	Exits  []int // codes with which it may end; none: it lives on
	Reason Source
}

// Source is where a reason is found.
type Source string

// The sources of reasons.
const (
	FromGate Source = "the gate" // its files say it, before Flink does anything
	FromLog  Source = "the log"  // nothing else says it: the process is gone
	FromREST Source = "REST"
)

// Flags of some lines.
const (
	exportNetUtil = "--add-exports=java.base/sun.net.util=ALL-UNNAMED"
	allowUnsafe   = "--sun-misc-unsafe-memory-access=allow"
	allowNative   = "--enable-native-access=ALL-UNNAMED"
	nettyReflects = "-Dio.netty.tryReflectionSetAccessible=true"
)

// Up to 2.2 an application that fails before its job is there is a fatal error of the JobManager, whatever it is told about shutting
// down: it exits with 2, or with 239 where its own safeguard overtakes that after five seconds.
var fatal = []int{2, 239}

// lines is the table, oldest first: 1.20 is the first line that knows all the names of keys which Drey writes. A version of a line
// that is newer than all here is taken for one of the last.
var lines = []Line{
	{
		Name: "1.20", Java: []int{17, 11}, Python: []int{9, 10, 11}, Flags: []string{exportNetUtil}, Legacy: []string{"1.16.0", "1.17.0"}, Metadata: 4, Hive: true,
		NoJob: Ending{fatal, FromGate}, NoMain: Ending{fatal, FromGate}, NoRestore: Ending{fatal, FromLog},
	},
	{
		Name: "2.0", Java: []int{17, 21, 11}, Python: []int{9, 10, 11}, Flags: []string{exportNetUtil}, Metadata: 5, SQLDriver: true,
		NoJob: Ending{fatal, FromGate}, NoMain: Ending{fatal, FromGate}, NoRestore: Ending{fatal, FromLog},
	},
	{
		Name: "2.1", Java: []int{17, 21, 11}, Python: []int{9, 10, 11, 12}, Metadata: 6, SQLDriver: true,
		NoJob: Ending{fatal, FromGate}, NoMain: Ending{fatal, FromGate}, NoRestore: Ending{fatal, FromLog},
	},
	{
		Name: "2.2", Java: []int{17, 21, 11}, Python: []int{9, 10, 11, 12}, Metadata: 6, SQLDriver: true,
		NoJob: Ending{fatal, FromGate}, NoMain: Ending{fatal, FromGate}, NoRestore: Ending{fatal, FromLog},
	},
	{
		Name: "2.3", Java: []int{17, 21, 11, 25}, Python: []int{9, 10, 11, 12}, Metadata: 6, SQLDriver: true,
		NoJob: Ending{nil, FromGate}, NoMain: Ending{nil, FromGate}, NoRestore: Ending{nil, FromREST},
	},
	{
		Name: "2.4", Java: []int{17, 21, 11, 25}, Python: []int{9, 10, 11, 12}, Flags: []string{allowUnsafe, allowNative, nettyReflects}, Metadata: 6, SQLDriver: true,
		NoJob: Ending{nil, FromGate}, NoMain: Ending{nil, FromGate}, NoRestore: Ending{nil, FromREST},
	},
}

// Lines are the lines that Drey knows, oldest first.
func Lines() []Line { return lines }

// LineOf is the line of a version. One older than the table is an error that says so.
func LineOf(version string) (Line, error) {
	for i := len(lines) - 1; i >= 0; i-- {
		if compareLines(version, lines[i].Name) >= 0 {
			return lines[i], nil
		}
	}
	return Line{}, fmt.Errorf("Flink %s is older than what Drey runs; the oldest is %s", version, lines[0].Name)
}

// lineOf is the line of a version that was checked before.
func lineOf(version string) Line {
	l, err := LineOf(version)
	if err != nil {
		return lines[0]
	}
	return l
}

// OlderLine says that a version belongs to an older line than another does.
func OlderLine(version, than string) bool { return compareLines(version, than) < 0 }

// CannotRead says that a version cannot read a snapshot whose _metadata has this format, because a newer line wrote it.
func CannotRead(version string, format int) bool { return format > lineOf(version).Metadata }

var versionForm = regexp.MustCompile(`^(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?(?:[-.][0-9A-Za-z.-]{1,64})?$`)

// compareLines orders versions by their lines alone. What is no version is as new as can be.
func compareLines(a, b string) int {
	x, y := versionForm.FindStringSubmatch(a), versionForm.FindStringSubmatch(b)
	switch {
	case x == nil || y == nil:
		return cmp.Compare(bit(x == nil), bit(y == nil))
	case x[1] != y[1]:
		return cmp.Compare(number(x[1]), number(y[1]))
	}
	return cmp.Compare(number(x[2]), number(y[2]))
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // at most four digits
	return n
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
