package daemon

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Config is everything that can be said to a server: docs/decisions/0004-configuration.md has the same table in words.
type Config struct {
	Data       string      `yaml:"data"`   // the data directory; required
	Listen     string      `yaml:"listen"` // host:port, loopback, or with TLS names every address; port 0 = any free one
	TLS        TLS         `yaml:"tls"`
	Database   DatabaseURL `yaml:"database"` // "" = SQLite in the data directory
	Dev        bool        `yaml:"dev"`
	Local      bool        `yaml:"local"`    // jobs may run on this machine; else it needs no Java
	Archives   bool        `yaml:"archives"` // make class-data archives in the background, and use them
	Limits     Limits      `yaml:"limits"`
	Java       Java        `yaml:"java"`
	Storage    Storage     `yaml:"storage"`
	Operations Operations  `yaml:"operations"`
	Gate       Gate        `yaml:"gate"`
	Recovery   Recovery    `yaml:"recovery"`
	Poll       Poll        `yaml:"poll"`
	Kubernetes Kubernetes  `yaml:"kubernetes"`
	HTTP       HTTP        `yaml:"http"`
	Debug      Debug       `yaml:"debug"`
	Log        Log         `yaml:"log"`
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

// Storage says what a storage URI may look like, and where the accounts are.
type Storage struct {
	Suffixes []string `yaml:"suffixes"`
	Folder   string   `yaml:"folder"` // "" = storage in the data directory
	S3       S3       `yaml:"s3"`
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

// Debug says where metrics and profiles are.
type Debug struct {
	Listen string `yaml:"listen"` // host:port, loopback only; "" = nowhere
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
		Local:      true,
		Archives:   true,
		Limits:     Limits{MinimumMemoryMB: 1800, PortLow: 20000, PortHigh: 29999, UploadBytes: 1 << 30},
		Storage:    Storage{Suffixes: []string{"core.windows.net"}},
		Operations: Operations{KeptHours: 168},
		Gate:       Gate{MinimumSeconds: 10, MaximumSeconds: 60, Restarts: 3},
		Recovery:   Recovery{Budget: 5, WindowMinutes: 60, BackoffSeconds: 5, BackoffMostSeconds: 300, RegisterSeconds: 120},
		Poll:       Poll{RetryAfterSeconds: 1},
		Kubernetes: Kubernetes{MemoryMB: 1 << 20, Pull: "IfNotPresent", CPUPercent: 100, TLS: true},
		HTTP:       defaultHTTP,
		Log:        Log{Level: "info"},
	}
	if dev {
		c.Dev, c.Data, c.Limits.MinimumMemoryMB = true, ".drey", 512
	}
	return c
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
