package flink

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Archives are the class-data archives of both roles: classes as a JVM before has loaded, checked and linked them. "" = none.
type Archives struct{ JobManager, TaskManager string }

func (a Archives) of(role string) string {
	if role == RoleJobManager {
		return a.JobManager
	}
	return a.TaskManager
}

// The kinds of archives, by the ends of their names.
const (
	appCDS   = ".jsa" // JDK 13 to 24: a second layer above the JDK's own archive
	aotCache = ".aot" // JDK 25 on, JEP 514: the JDK's classes as well
)

// ArchiveSuffix is the end of the name of an archive that this Java writes and reads; "" if it can do neither.
func (j Java) ArchiveSuffix() string {
	switch {
	case j.Major >= 25:
		return aotCache
	case j.Major >= 13:
		return appCDS
	}
	return ""
}

// DumpArgs are the flags with which a JVM writes an archive when SIGTERM ends it.
func DumpArgs(archive string) []string {
	if strings.HasSuffix(archive, aotCache) {
		return append(muted(archive), "-XX:AOTCacheOutput="+archive)
	}
	return append(muted(archive), "-XX:ArchiveClassesAtExit="+archive)
}

// archiveArgs are the flags to use an archive. A JVM goes on without one that it cannot use.
func archiveArgs(archive string) []string {
	switch {
	case archive == "":
		return nil
	case strings.HasSuffix(archive, aotCache):
		return append(muted(archive), "-XX:AOTCache="+archive)
	}
	return append(muted(archive), "-XX:SharedArchiveFile="+archive)
}

// muted keeps a JVM's words about archives out of the job's log. An older JDK would not start for a tag it does not know.
func muted(archive string) []string {
	if strings.HasSuffix(archive, aotCache) {
		return []string{"-Xlog:aot*=off", "-Xlog:cds*=off"}
	}
	return []string{"-Xlog:cds*=off"}
}

// ownArchive finds options of a user who has an opinion about archives: two opinions would keep the JVM from starting.
func ownArchive(options []string) bool {
	return slices.ContainsFunc(options, func(option string) bool {
		return strings.HasPrefix(option, "-Xshare") || strings.Contains(option, "SharedArchive") ||
			strings.Contains(option, "ArchiveClassesAtExit") || strings.Contains(option, "AOT")
	})
}

// archiveFormat changes when a training run learns to do something else.
const archiveFormat = 1

// ArchiveSource is all that archives depend on. A JVM compares most of it itself, but not always: JDK 25.0.3 gave a small program
// the classes of a jar that was no longer on its class path. So a jar that changed makes another key.
type ArchiveSource struct {
	Format    int          `json:"format"`
	Java      string       `json:"java"`      // path of the executable
	JavaBuild string       `json:"javaBuild"` // as it tells itself
	Flink     string       `json:"flink"`
	Digest    string       `json:"digest"` // of the distribution
	Lib       string       `json:"lib"`    // the folder
	Jars      []ArchiveJar `json:"jars"`
	GateJar   string       `json:"gateJar"` // path of our jar; real processes have it, or a hard link to it, on their class path
	GateSHA   string       `json:"gateSha"`
	Flags     []string     `json:"flags"`
}

// ArchiveJar is a jar of a distribution's lib folder.
type ArchiveJar struct {
	Name       string    `json:"name"`
	Bytes      int64     `json:"bytes"`
	ModifiedAt time.Time `json:"modifiedAt"`
}

// NewArchiveSource looks at what an archive made now would depend on.
func NewArchiveSource(j Java, d Distribution, gateJar, gateSHA string) (ArchiveSource, error) {
	s := ArchiveSource{
		Format: archiveFormat, Java: j.Path, JavaBuild: j.Build, Flink: d.Version, Digest: d.Digest,
		Lib: filepath.Join(d.Path, "lib"), GateJar: gateJar, GateSHA: gateSHA, Flags: ModuleArgs(d.Version),
	}
	entries, err := os.ReadDir(s.Lib)
	if err != nil {
		return s, fmt.Errorf("cannot list the jars of Flink %s: %w", d.Version, err)
	}
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(s.Lib, e.Name()))
		if err != nil {
			return s, fmt.Errorf("cannot look at a jar of Flink %s: %w", d.Version, err)
		}
		s.Jars = append(s.Jars, ArchiveJar{e.Name(), info.Size(), info.ModTime().UTC()})
	}
	return s, nil
}

// Key names archives made from this: 32 lower-case hex digits.
func (s ArchiveSource) Key() string {
	text, _ := json.Marshal(s) // strings and numbers: cannot fail
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// trainingMB is the memory of each role in a training run.
const trainingMB = 640

// patient is the configuration of processes that get little of a busy machine's time, and must not take that for a failure.
var patient = map[string]string{"heartbeat.timeout": "600000", "pekko.ask.timeout": "10 min", "web.timeout": "600000", "slot.request.timeout": "600000"}

// TrainingPlan is a small cluster whose life has in it what every cluster's has: it comes up, runs the gate's warm-up job, and is
// never released. Its configuration is the defaults', but for their patience, so that it loads the classes which most clusters load.
// Names, ports and places are the caller's to add. jobJar has nothing inside; with it, Flink takes the way it takes for jobs.
func TrainingPlan(version, jobJar, gateJar string) Plan {
	size := Size{MemoryMB: trainingMB, CPU: 1}
	return Plan{
		Version: version, JobName: "drey training", JobManager: size, TaskManager: size, TaskManagers: 1, GateJar: gateJar,
		Program: Program{Jar: jobJar, Class: "drey.Gate"}, // a class that is there: it is found, and not called
		Config:  patient,
		Prepare: []string{PrepareWarmUp},
	}
}
