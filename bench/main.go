// Command bench measures Drey beside its references in one run, and writes its part of docs/benchmarks.md. `make bench` and the
// targets bench-… run it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// benchmark measures in a folder of its own, in n rounds, and answers its part of the report.
type benchmark struct {
	rounds  int
	measure func(ctx context.Context, dir string, n int) (string, error)
}

var benchmarks = map[string]benchmark{
	"starts":   {7, measureServersAndStarts},
	"update":   {30, measureUpdates},
	"recovery": {20, measureRecovery},
	"api":      {10000, measureAPI},
	"kube":     {9, measureKube},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	n := flag.Int("n", 0, "`rounds`; 0 = as many as its figures need")
	out := flag.String("o", "docs/benchmarks.md", "the report, `file`")
	flag.Parse()
	name := "starts"
	if flag.NArg() > 0 {
		name = flag.Arg(0)
	}
	b, known := benchmarks[name]
	if !known || flag.NArg() > 1 {
		return fmt.Errorf("%q is not one of starts, update, recovery, api and kube", strings.Join(flag.Args(), " "))
	}
	if *n > 0 {
		b.rounds = *n
	}
	dir, err := os.MkdirTemp("", "drey-bench")
	if err != nil {
		return err
	}
	defer removeAll(dir)
	part, err := b.measure(ctx, dir, b.rounds)
	if err != nil {
		return err
	}
	return writePart(*out, name, part)
}

// removeAll removes a tree with folders in it that are sealed against writing.
func removeAll(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}

func bin() string { return os.Getenv("DREY_TEST_BIN") }
