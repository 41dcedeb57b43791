// drey-keep keeps one process: see internal/keeper.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"drey/internal/keeper"
)

var errUsage = errors.New("usage: drey-keep run <role folder> | install <folder> | container <folder of the input> <offset of the output>")

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "drey-keep:", err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	switch {
	case len(args) == 2 && args[0] == "run":
		err = keeper.Run(args[1])
	case len(args) == 2 && args[0] == "install":
		err = keeper.Install(args[1])
	case len(args) == 3 && args[0] == "container":
		start, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			return 2, errUsage
		}
		return keeper.RunContainer(args[1], start)
	default:
		return 2, errUsage
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
