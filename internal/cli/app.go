package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/term"
)

// app is one run of the program.
type app struct {
	in         io.Reader
	out, err   io.Writer
	dir        string // working directory
	outTTY     bool
	errTTY     bool
	inTTY      bool
	flags      flags
	interrupts context.Context                            // ends at Ctrl-C
	now        func() time.Time                           // nil = the clock
	sleep      func(context.Context, time.Duration) error // between two looks; nil = as long as it says

	// What holds for this run: see settle.
	settings      settings
	context       string // name of the context; ""
	place         place  // the context
	output, clock string
	color         bool // on stderr
	colored       bool // on stdout
}

// flags are the global ones, and the name of the cluster that many commands have. "" = not given.
type flags struct {
	output, query, color, time, context         string
	connection, pool, group, subscription, name string
	clientToken                                 string
	ifMatch                                     string
	noHeader, noWait, yes, quiet, dryRun, debug bool
	timeout                                     time.Duration
}

// Main runs the program with the process's own arguments and streams, and answers its exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends us at once
	dir, err := os.Getwd()
	if err != nil {
		dir = string(filepath.Separator)
	}
	a := &app{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, dir: dir, interrupts: ctx,
		inTTY: isTerminal(os.Stdin), outTTY: isTerminal(os.Stdout), errTTY: isTerminal(os.Stderr),
	}
	return a.run(ctx, os.Args[1:])
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// run is Main after the world was looked at.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	f := asFailure(err)
	if ctx.Err() != nil && f.Exit != exitInterrupted {
		f = &failure{What: f.What, Why: "interrupted", Code: "Interrupted", Exit: exitInterrupted, Hint: f.Hint, Operation: f.Operation}
	}
	if f.Code != silent {
		f.print(a.err, a.scripted() || wantsJSON(args), a.color)
	}
	return f.Exit
}

// silent is the code of a failure that was shown already.
const silent = "silent"

// wantsJSON looks for -o json where flags could not be parsed.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		switch {
		case arg == "-ojson" || arg == "-o=json" || arg == "--output=json":
			return true
		case (arg == "-o" || arg == "--output") && i+1 < len(args) && args[i+1] == "json":
			return true
		}
	}
	return false
}
