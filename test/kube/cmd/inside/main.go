// Inside is what of ours runs inside the namespaces of a test cluster: see package kube, which starts it. Small, and linked statically.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "pause":
		pause()
		return nil
	case len(args) == 2 && args[0] == "machine":
		return machine(args[1])
	case len(args) == 2 && args[0] == "forward":
		return forward(args[1])
	}
	return fmt.Errorf("inside pause | machine PLAN | forward ADDRESS; got %q", args)
}
