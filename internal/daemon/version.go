package daemon

import "runtime/debug"

// release is the version that a build sets with -ldflags "-X drey/internal/daemon.release=1.2.3".
var release = "0.1.0-dev"

// Version is this binary's version, with the commit it was built from if that is known.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = "+" + s.Value[:min(len(s.Value), 9)]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = ".changed"
		}
	}
	return release + commit + dirty
}
