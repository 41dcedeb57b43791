package main

import (
	"os"
	"os/signal"
	"syscall"
)

// pause is the first process of every pod: it keeps the pod's namespaces while its containers come and go.
func pause() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	for s := range signals {
		if s != syscall.SIGCHLD {
			return
		}
		for { // orphans of a pod whose containers share processes
			if pid, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 {
				break
			}
		}
	}
}
