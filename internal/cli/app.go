package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"drey/internal/daemon"
)

// app is one run of the program.
type app struct {
	in         io.Reader
	out, err   io.Writer
	dir        string // working directory
	outTTY     bool
	errTTY     bool
	inTTY      bool
	color      bool // on stderr
	flags      flags
	interrupts context.Context // ends at Ctrl-C
}

// flags are the global ones.
type flags struct {
	output, connection, pool, group, subscription, clientToken string
	noWait, yes, quiet                                         bool
	timeout                                                    time.Duration
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
	a.color = a.errTTY && os.Getenv("NO_COLOR") == ""
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
		f.print(a.err, a.json() || wantsJSON(args), a.color)
	}
	return f.Exit
}

// silent is the code of a failure that was shown already.
const silent = "silent"

// json reports whether data and errors are wanted as JSON.
func (a *app) json() bool { return a.flags.output == "json" }

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

// connection finds and reads the connection file.
func (a *app) connection() (daemon.Connection, error) {
	file := first(a.flags.connection, os.Getenv("DREY_CONNECTION"))
	if file == "" {
		var err error
		if file, err = daemon.FindConnection(a.dir); err != nil {
			return daemon.Connection{}, err
		}
	}
	if file == "" {
		return daemon.Connection{}, &failure{Code: "NoConnection", Exit: exitUnavailable,
			Why:  "no server is known here: there is no .drey/connection.json in this folder or above it",
			Hint: "start one with `drey serve --dev`, or name a file with --connection or DREY_CONNECTION"}
	}
	conn, err := daemon.ReadConnection(file)
	if err != nil {
		return conn, &failure{Code: "NoConnection", Exit: exitUnavailable, Why: err.Error(), Err: err,
			Hint: "the file is there while a server runs: `drey serve` writes it"}
	}
	conn.SubscriptionID = first(a.flags.subscription, conn.SubscriptionID)
	conn.ResourceGroup = first(a.flags.group, os.Getenv("DREY_GROUP"), conn.ResourceGroup)
	conn.Pool = first(a.flags.pool, os.Getenv("DREY_POOL"), conn.Pool)
	return conn, nil
}

// session is a client with the place its commands are about.
type session struct {
	*app
	*client
}

// connect makes the session of a command.
func (a *app) connect() (*session, error) {
	conn, err := a.connection()
	if err != nil {
		return nil, err
	}
	c, err := newClient(conn, a.flags.clientToken)
	if err != nil {
		return nil, &failure{Code: "NoConnection", Exit: exitUnavailable, Why: err.Error(), Err: err}
	}
	return &session{a, c}, nil
}

// resume is a command line that goes on where this one stopped, with the flags that lead to the same place.
func (a *app) resume(command ...string) string {
	words := append([]string{"drey"}, command...)
	for _, f := range [][2]string{{"--connection", a.flags.connection}, {"-g", a.flags.group}, {"-p", a.flags.pool}, {"--subscription", a.flags.subscription}} {
		if f[1] != "" {
			words = append(words, f[0], f[1])
		}
	}
	return strings.Join(words, " ")
}
