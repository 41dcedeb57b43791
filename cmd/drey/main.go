// Command drey is the control plane and its clients.
package main

import (
	"os"

	"drey/internal/cli"
)

func main() { os.Exit(cli.Main()) }
