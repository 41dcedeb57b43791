// drey-keep keeps one process: see internal/keeper.
package main

import (
	"fmt"
	"os"

	"drey/internal/keeper"
)

func main() {
	if len(os.Args) != 3 || os.Args[1] != "run" {
		fmt.Fprintln(os.Stderr, "usage: drey-keep run <role folder>")
		os.Exit(2)
	}
	if err := keeper.Run(os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "drey-keep:", err)
		os.Exit(1)
	}
}
