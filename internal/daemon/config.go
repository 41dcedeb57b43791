package daemon

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Config is everything that can be said to a server: docs/decisions/0004-configuration.md has the same table in words.
type Config struct {
	Data       string     `yaml:"data"`   // the data directory; required
	Listen     string     `yaml:"listen"` // host:port, loopback only; port 0 = any free one
	Dev        bool       `yaml:"dev"`
	Archives   bool       `yaml:"archives"` // make class-data archives in the background, and use them
	Limits     Limits     `yaml:"limits"`
	Java       Java       `yaml:"java"`
	Storage    Storage    `yaml:"storage"`
	Operations Operations `yaml:"operations"`
	Gate       Gate       `yaml:"gate"`
	Recovery   Recovery   `yaml:"recovery"`
	Poll       Poll       `yaml:"poll"`
	Log        Log        `yaml:"log"`
}

// Limits bounds what callers can ask for.
type Limits struct {
	MinimumMemoryMB int64 `yaml:"minimumMemoryMB"` // of a JobManager or TaskManager
	MemoryMB        int64 `yaml:"memoryMB"`        // all roles together, 110 % of each; 0 = the machine's less 10 %
	PortLow         int   `yaml:"portLow"`         // first and last port for JobManagers
	PortHigh        int   `yaml:"portHigh"`
	UploadBytes     int64 `yaml:"uploadBytes"`
}

// Java says where the JDK is.
type Java struct {
	Home string `yaml:"home"` // "" = JAVA_HOME, else java on the path
}

// Storage says what a storage URI may look like.
type Storage struct {
	Suffixes []string `yaml:"suffixes"`
}

// Operations says how long ended operations stay.
type Operations struct {
	KeptHours int `yaml:"keptHours"`
}

// Gate says when an update's new version is good (R28): at its first complete checkpoint, within these bounds.
type Gate struct {
	MinimumSeconds int `yaml:"minimumSeconds"` // of running before it may be good
	MaximumSeconds int `yaml:"maximumSeconds"` // without a complete checkpoint until it has failed; two checkpoint intervals are always given
	Restarts       int `yaml:"restarts"`       // by Flink: so many and it has failed
}

// Recovery says how often a job that ends by itself is started again.
type Recovery struct {
	Budget             int `yaml:"budget"` // within the window; beyond it the job is Failed. 0 = never
	WindowMinutes      int `yaml:"windowMinutes"`
	BackoffSeconds     int `yaml:"backoffSeconds"` // before the second start, doubled each time
	BackoffMostSeconds int `yaml:"backoffMostSeconds"`
	RegisterSeconds    int `yaml:"registerSeconds"` // for a replaced TaskManager, until the job runs again; then all of it is started anew
}

// Poll says how clients of long-running operations should poll.
type Poll struct {
	RetryAfterSeconds int `yaml:"retryAfterSeconds"`
}

// Log says what is logged, and how.
type Log struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"` // "" = text on a terminal, else json
}

// Default is the configuration of a server that was told nothing but, perhaps, --dev.
func Default(dev bool) Config {
	c := Config{
		Listen:     "127.0.0.1:8443",
		Archives:   true,
		Limits:     Limits{MinimumMemoryMB: 1800, PortLow: 20000, PortHigh: 29999, UploadBytes: 1 << 30},
		Storage:    Storage{Suffixes: []string{"core.windows.net"}},
		Operations: Operations{KeptHours: 168},
		Gate:       Gate{MinimumSeconds: 10, MaximumSeconds: 60, Restarts: 3},
		Recovery:   Recovery{Budget: 5, WindowMinutes: 60, BackoffSeconds: 5, BackoffMostSeconds: 300, RegisterSeconds: 120},
		Poll:       Poll{RetryAfterSeconds: 1},
		Log:        Log{Level: "info"},
	}
	if dev {
		c.Dev, c.Data, c.Limits.MinimumMemoryMB = true, ".drey", 512
	}
	return c
}

// complete checks c and fills in what depends on the machine. Data becomes an absolute path.
func (c Config) complete() (Config, error) {
	if c.Data == "" {
		return c, fmt.Errorf("no data directory: name one with --data DIR, or use --dev, which takes .drey in this folder")
	}
	dir, err := filepath.Abs(c.Data)
	if err != nil {
		return c, fmt.Errorf("cannot make the data directory's path absolute: %w", err)
	}
	c.Data = dir
	if err := loopback(c.Listen); err != nil {
		return c, err
	}
	if err := c.Limits.check(); err != nil {
		return c, err
	}
	if c.Operations.KeptHours < 1 {
		return c, fmt.Errorf("operations.keptHours is %d; at least 1", c.Operations.KeptHours)
	}
	if g := c.Gate; g.MinimumSeconds < 0 || g.MaximumSeconds < 1 || g.Restarts < 1 {
		return c, fmt.Errorf("gate has minimumSeconds %d, maximumSeconds %d and restarts %d; at least 0, 1 and 1", g.MinimumSeconds, g.MaximumSeconds, g.Restarts)
	}
	if r := c.Recovery; r.Budget < 0 || r.WindowMinutes < 1 || r.BackoffSeconds < 0 || r.BackoffMostSeconds < r.BackoffSeconds || r.RegisterSeconds < 1 {
		return c, fmt.Errorf("recovery has budget %d, windowMinutes %d, backoffSeconds %d, backoffMostSeconds %d and registerSeconds %d; at least 0, 1, 0, the one before, and 1",
			r.Budget, r.WindowMinutes, r.BackoffSeconds, r.BackoffMostSeconds, r.RegisterSeconds)
	}
	if c.Poll.RetryAfterSeconds < 1 || c.Poll.RetryAfterSeconds > 600 {
		return c, fmt.Errorf("poll.retryAfterSeconds is %d; 1 to 600", c.Poll.RetryAfterSeconds)
	}
	if len(c.Storage.Suffixes) == 0 {
		return c, fmt.Errorf("storage.suffixes is empty; name at least one host suffix, for example core.windows.net")
	}
	if c.Limits.MemoryMB == 0 {
		total, err := MachineMemoryMB()
		if err != nil {
			return c, err
		}
		c.Limits.MemoryMB = total - total/10
	}
	return c, nil
}

// loopback refuses an address that others than this machine could reach: this version has no way to let them in safely.
func loopback(listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("listen %q is no host:port, for example 127.0.0.1:8443", listen)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("listen %q: %q is no port; 0 to 65535, 0 = any free one", listen, port)
	} else if n > 0 && n < 1024 {
		return fmt.Errorf("listen %q: ports below 1024 belong to the system; take one above, for example 8443", listen)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("listen %q is refused: this version serves loopback only (127.0.0.1, ::1 or localhost)", listen)
	}
	return nil
}

// check looks at the figures, and keeps JobManager ports apart from those the kernel gives away by itself.
func (l Limits) check() error {
	switch {
	case l.MinimumMemoryMB < 256:
		return fmt.Errorf("limits.minimumMemoryMB is %d; a JVM of Flink needs at least 256", l.MinimumMemoryMB)
	case l.MemoryMB < 0:
		return fmt.Errorf("limits.memoryMB is %d; it cannot be negative", l.MemoryMB)
	case l.UploadBytes < 1:
		return fmt.Errorf("limits.uploadBytes is %d; at least 1", l.UploadBytes)
	case l.PortLow < 1024 || l.PortHigh > 65535 || l.PortHigh-l.PortLow < 9:
		return fmt.Errorf("limits.portLow and portHigh are %d and %d; a range of at least 10 ports within 1024 to 65535", l.PortLow, l.PortHigh)
	}
	low, high, err := EphemeralPorts()
	if err != nil {
		return err
	}
	if l.PortLow <= high && l.PortHigh >= low {
		return fmt.Errorf("limits.portLow to portHigh (%d-%d) overlaps the ports this kernel gives to anybody (%d-%d): choose a range outside",
			l.PortLow, l.PortHigh, low, high)
	}
	return nil
}

// EphemeralPorts is the range of ports the kernel hands out by itself, both ends included.
func EphemeralPorts() (low, high int, err error) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0, 0, fmt.Errorf("cannot read the kernel's port range: %w", err)
	}
	if _, err := fmt.Sscan(string(text), &low, &high); err != nil {
		return 0, 0, fmt.Errorf("cannot understand the kernel's port range %q: %w", text, err)
	}
	return low, high, nil
}

// MachineMemoryMB is this machine's memory in MiB, or that of our control group where it is smaller.
func MachineMemoryMB() (int64, error) {
	kb, err := memInfo("MemTotal")
	if err != nil {
		return 0, err
	}
	mb := kb / 1024
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if bytes, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil { // "max" = no limit
			mb = min(mb, bytes>>20)
		}
	}
	return mb, nil
}

// FreeMemoryMB is the memory that could be used now, in MiB.
func FreeMemoryMB() (int64, error) {
	kb, err := memInfo("MemAvailable")
	return kb / 1024, err
}

// memInfo reads one row of /proc/meminfo, in KiB.
func memInfo(row string) (int64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("cannot read the machine's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, row+":"); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("/proc/meminfo has no row %s", row)
}
