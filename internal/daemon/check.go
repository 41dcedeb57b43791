package daemon

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
)

// complete checks c and fills in what depends on the machine. Data becomes an absolute path. All problems are told at once.
func (c Config) complete() (Config, []error) {
	var p problems
	p.check(c.Data != "", "no data directory: name one with --data DIR, or use --dev, which takes .drey in this folder")
	if c.Data != "" {
		dir, err := filepath.Abs(c.Data)
		p.add(err)
		c.Data = dir
		if c.Storage.Folder == "" {
			c.Storage.Folder = filepath.Join(dir, "storage")
		}
	}
	if c.Storage.Folder != "" {
		folder, err := filepath.Abs(c.Storage.Folder)
		p.add(err)
		c.Storage.Folder = folder
	}
	c.TLS.check(&p)
	if c.TLS.forOthers() {
		p.add(anywhere("listen", c.Listen))
	} else {
		p.add(loopback("listen", c.Listen))
	}
	p.check(c.Local || c.Kubernetes.Namespace != "", "local is false and there is no kubernetes.namespace: jobs could run nowhere")
	c.Database.check(&p)
	if c.Debug.Listen != "" {
		p.add(loopback("debug.listen", c.Debug.Listen))
	}
	c.Limits.check(&p)
	c.HTTP.check(&p)
	c.Kubernetes.check(&p)
	c.Storage.S3.check(&p)
	p.check(c.Operations.KeptHours >= 1, "operations.keptHours is %d; at least 1", c.Operations.KeptHours)
	g, r := c.Gate, c.Recovery
	p.check(g.MinimumSeconds >= 0 && g.MaximumSeconds >= 1 && g.Restarts >= 1, "gate has minimumSeconds %d, maximumSeconds %d and restarts %d; at least 0, 1 and 1",
		g.MinimumSeconds, g.MaximumSeconds, g.Restarts)
	p.check(r.Budget >= 0 && r.WindowMinutes >= 1 && r.BackoffSeconds >= 0 && r.BackoffMostSeconds >= r.BackoffSeconds && r.RegisterSeconds >= 1,
		"recovery has budget %d, windowMinutes %d, backoffSeconds %d, backoffMostSeconds %d and registerSeconds %d; at least 0, 1, 0, the one before, and 1",
		r.Budget, r.WindowMinutes, r.BackoffSeconds, r.BackoffMostSeconds, r.RegisterSeconds)
	p.check(c.Poll.RetryAfterSeconds >= 1 && c.Poll.RetryAfterSeconds <= 600, "poll.retryAfterSeconds is %d; 1 to 600", c.Poll.RetryAfterSeconds)
	p.check(len(c.Storage.Suffixes) > 0, "storage.suffixes is empty; name at least one host suffix, for example core.windows.net")
	p.check(slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level), "log.level is %q; one of debug, info, warn, error", c.Log.Level)
	p.check(slices.Contains([]string{"", "text", "json"}, c.Log.Format), "log.format is %q; one of text, json", c.Log.Format)
	if c.Limits.MemoryMB == 0 {
		total, err := MachineMemoryMB()
		p.add(err)
		c.Limits.MemoryMB = total - total/10
	}
	return c, p
}

// problems are what is wrong with a configuration.
type problems []error

func (p *problems) add(err error) {
	if err != nil {
		*p = append(*p, err)
	}
}

func (p *problems) check(ok bool, format string, args ...any) {
	if !ok {
		p.add(fmt.Errorf(format, args...))
	}
}

// check looks at the figures, and keeps JobManager ports apart from those the kernel gives away by itself.
func (l Limits) check(p *problems) {
	p.check(l.MinimumMemoryMB >= 256, "limits.minimumMemoryMB is %d; a JVM of Flink needs at least 256", l.MinimumMemoryMB)
	p.check(l.MemoryMB >= 0, "limits.memoryMB is %d; it cannot be negative", l.MemoryMB)
	p.check(l.UploadBytes >= 1, "limits.uploadBytes is %d; at least 1", l.UploadBytes)
	if l.PortLow < 1024 || l.PortHigh > 65535 || l.PortHigh-l.PortLow < 9 {
		p.check(false, "limits.portLow and portHigh are %d and %d; a range of at least 10 ports within 1024 to 65535", l.PortLow, l.PortHigh)
		return
	}
	low, high, err := EphemeralPorts()
	p.add(err)
	p.check(err != nil || l.PortLow > high || l.PortHigh < low,
		"limits.portLow to portHigh (%d-%d) overlaps the ports this kernel gives to anybody (%d-%d): choose a range outside", l.PortLow, l.PortHigh, low, high)
}

// check wants a limit of everything: a very large one is as good as none.
func (h HTTP) check(p *problems) {
	each(reflect.ValueOf(h), "http.", func(key string, v reflect.Value) {
		p.check(v.Int() >= 1 && v.Int() <= 1<<30, "%s is %d; at least 1", key, v.Int())
	})
}

// loopback refuses an address that others than this machine could reach: they would not know whom they speak to.
func loopback(key, listen string) error {
	host, err := hostOf(key, listen)
	if err != nil || host == "localhost" {
		return err
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("%s %q is refused: it is for loopback only (127.0.0.1, ::1 or localhost)%s", key, listen, beyond[key])
	}
	return nil
}

// beyond says for which addresses there is a way out.
var beyond = map[string]string{"listen": "; for others too, say in tls.names how they call this server, or give it a certificate with tls.certificate and tls.key"}

// anywhere takes loopback, or every address of this machine: those on it always find the server at localhost.
func anywhere(key, listen string) error {
	host, err := hostOf(key, listen)
	if err != nil {
		return err
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		return nil
	}
	if loopback(key, listen) != nil {
		return fmt.Errorf("%s %q is refused: 0.0.0.0 or [::] is every address, and 127.0.0.1 this machine only", key, listen)
	}
	return nil
}

// hostOf is the host of an address that a server without rights can listen at.
func hostOf(key, listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("%s %q is no host:port, for example 127.0.0.1:8443", key, listen)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%s %q: %q is no port; 0 to 65535, 0 = any free one", key, listen, port)
	} else if n > 0 && n < 1024 {
		return "", fmt.Errorf("%s %q: ports below 1024 belong to the system; take one above, for example 8443", key, listen)
	}
	return host, nil
}
