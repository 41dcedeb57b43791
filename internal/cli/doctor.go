package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"drey/internal/daemon"
	"drey/internal/flink"
)

// finding is one line of the doctor.
type finding struct {
	Mark string `json:"mark"` // ok, warn, bad
	Text string `json:"text"`
	Fix  string `json:"fix,omitempty"`
}

// doctorCommand looks at what a server needs.
func (a *app) doctorCommand() *cobra.Command {
	var data string
	c := &cobra.Command{
		Use: "doctor", Short: "Check what Drey needs on this machine", Args: exactly(), Example: "  drey doctor",
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.dataDir(data)
			if err != nil {
				return err
			}
			return a.tell(a.examine(cmd.Context(), dir))
		},
	}
	c.Flags().StringVar(&data, "data", "", "data `directory`")
	return c
}

func (a *app) examine(ctx context.Context, dir string) []finding {
	java, err := flink.FindJava(ctx, "")
	list := append([]finding{checkJava(java, err)}, checkFlink(ctx, dir, java, err == nil)...)
	list = append(list, checkTool("python3", "pip fetches Flink", "apt-get install python3 python3-pip, or install Flink with --from FILE"))
	list = append(list, checkMemory(), checkDisk(dir), checkPorts())
	return append(list, a.checkServer(ctx))
}

func checkJava(java flink.Java, err error) finding {
	if err != nil {
		return bad(err)
	}
	return finding{"ok", fmt.Sprintf("Java %s", java.Version), ""}
}

// bad is a finding of an error whose text says the way out after "; ".
func bad(err error) finding {
	f := wayOut(err)
	return finding{"bad", f.Why, f.Hint}
}

// checkFlink looks at each release that lies here, and whether the Java that was found runs it.
func checkFlink(ctx context.Context, dir string, java flink.Java, found bool) []finding {
	d := flink.Distributions{Dir: daemon.DistributionsDir(dir)}
	versions, err := d.Versions()
	if err != nil {
		return []finding{bad(err)}
	}
	if len(versions) == 0 {
		return []finding{{"bad", "no Flink is installed", "drey distribution install 2.3.0"}}
	}
	var list []finding
	for _, version := range versions {
		dist, err := d.Show(version)
		if err == nil {
			err = dist.CheckCore()
		}
		if err == nil && found {
			err = java.Runs(version)
		}
		if err == nil {
			err = dist.CheckPython(ctx)
		}
		if err != nil {
			list = append(list, bad(err))
			continue
		}
		list = append(list, finding{"ok", sound(dir, dist), ""})
		list = append(list, noPython(ctx, dist)...)
	}
	return list
}

// noPython warns of a machine on which Python jobs cannot be added to a release.
func noPython(ctx context.Context, dist flink.Distribution) []finding {
	if dist.HasPython() {
		return nil
	}
	if _, err := flink.FindPython(ctx, dist.Version); err != nil {
		f := wayOut(err)
		return []finding{{"warn", f.Why + ": it runs no Python jobs", f.Hint}}
	}
	return nil
}

// sound is the line of a release that has no fault.
func sound(dir string, dist flink.Distribution) string {
	text := "Flink " + dist.Version
	if fit := flink.JavasFor(dist.Version); fit != "" {
		text += ", runs on Java " + fit
	}
	if len(dist.Extras) > 0 {
		text += ", extras " + strings.Join(dist.Extras, ", ")
	}
	if daemon.HasArchives(dir, dist.Version) {
		text += ", with class-data archives"
	}
	return text
}

func checkTool(name, why, fix string) finding {
	if _, err := exec.LookPath(name); err != nil {
		return finding{"warn", name + " was not found (" + why + ")", fix}
	}
	return finding{"ok", name, ""}
}

const (
	leastMemoryMB = 2048
	leastDiskMB   = 2048
)

func checkMemory() finding {
	mb, err := daemon.MachineMemoryMB()
	if err != nil {
		return finding{"warn", "the machine's memory cannot be read", ""}
	}
	if mb < leastMemoryMB {
		return finding{"bad", fmt.Sprintf("%d MB of memory: too little for a JobManager and a TaskManager", mb), "use a machine with 4 GB or more"}
	}
	free, err := daemon.FreeMemoryMB()
	if err != nil {
		return finding{"warn", "the machine's free memory cannot be read", ""}
	}
	if free < leastMemoryMB {
		return finding{"warn", fmt.Sprintf("%d MB of memory, but only %d MB of it free", mb, free), "end something, or create clusters with less: --memory 512"}
	}
	return finding{"ok", fmt.Sprintf("%d MB of memory, %d MB free", mb, free), ""}
}

func checkDisk(dir string) finding {
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return finding{"warn", "the free space of the data directory's disk cannot be read", ""}
	}
	mb := int64(s.Bavail) * s.Bsize >> 20
	if mb < leastDiskMB {
		return finding{"bad", fmt.Sprintf("%d MB free on the data directory's disk", mb), "free some space, or choose another --data"}
	}
	return finding{"ok", fmt.Sprintf("%d MB free on the data directory's disk", mb), ""}
}

// checkPorts: ports are taken from a range that the kernel does not draw from for outgoing connections.
func checkPorts() finding {
	limits := daemon.Default(false).Limits
	low, high, err := daemon.EphemeralPorts()
	if err != nil {
		return finding{"warn", "the kernel's ephemeral port range cannot be read", ""}
	}
	if limits.PortLow <= high && low <= limits.PortHigh {
		return finding{"bad", fmt.Sprintf("the ports %d-%d overlap the kernel's ephemeral range %d-%d", limits.PortLow, limits.PortHigh, low, high),
			"set limits.portLow and limits.portHigh to a range outside of it"}
	}
	return finding{"ok", fmt.Sprintf("ports %d-%d", limits.PortLow, limits.PortHigh), ""}
}

func (a *app) checkServer(ctx context.Context) finding {
	s, err := a.connect()
	if err == nil {
		_, err = s.about(ctx)
	}
	if err != nil {
		return finding{"warn", asFailure(err).Why, "drey serve --dev"}
	}
	return finding{"ok", "server at " + s.conn.Endpoint, ""}
}

// tell prints the findings; the exit code is 1 if one is bad.
func (a *app) tell(list []finding) error {
	marks := map[string]string{"ok": "✓", "warn": "!", "bad": "✖"}
	bad := 0
	for _, f := range list {
		if f.Mark == "bad" {
			bad++
		}
	}
	if a.json() {
		if err := a.printJSON(list); err != nil {
			return err
		}
	} else {
		for _, f := range list {
			fmt.Fprintf(a.out, "%s %s\n", marks[f.Mark], clean(f.Text))
			if f.Fix != "" {
				fmt.Fprintf(a.out, "    fix: %s\n", f.Fix)
			}
		}
	}
	if bad > 0 {
		return &failure{Code: silent, Exit: exitFailed, Why: "something is missing"}
	}
	return nil
}
