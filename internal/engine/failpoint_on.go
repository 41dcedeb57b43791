//go:build failpoints

package engine

import (
	"context"
	"net/http/httptrace"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
)

// armed is the point at which this process kills itself; tests set it through the environment.
var armed = os.Getenv("DREY_FAILPOINT")

// stops says that the process stops itself there, once, instead: a test then does something to other processes, and lets it go on.
var (
	stops   = os.Getenv("DREY_FAILPOINT_SIGNAL") == "STOP"
	stopped atomic.Bool
)

// hit kills the process as kill -9 would, if p is the armed point.
func (p Point) hit() {
	switch {
	case armed != p.String():
	case !stops:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case stopped.CompareAndSwap(false, true):
		stopHere()
	}
}

// stopHere sends the signal to its own thread: it takes effect before the call returns. Sent to the process, another thread may have to
// wake up to take it, and this one goes past the point until then.
func stopHere() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_ = syscall.Tgkill(os.Getpid(), syscall.Gettid(), syscall.SIGSTOP)
}

// onSent arms p for the moment an HTTP request of the effect is written; an effect that sends none is hit when it returned.
func (p Point) onSent(ctx context.Context) context.Context {
	if armed != p.String() {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { p.hit() }})
}
