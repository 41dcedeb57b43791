package runtimetest

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// programVariable is in the environment of a process that is to act out a script.
const programVariable = "DREY_TEST_PROGRAM"

// Script is what a test program does, step by step; it then exits with 0. Each step is one argument.
type Script []string

// Steps of a script.
const (
	Wait  = "wait"  // for ever
	Spawn = "spawn" // a child that waits for ever, with our output and environment, and without our lock
	Env   = "env"   // print the environment
	Stdin = "stdin" // read the standard input to its end
	List  = "list"  // print what is in the working folder
)

// Print prints a line.
func Print(text string) string { return "print=" + text }

// Fill prints n bytes of a pattern.
func Fill(n int) string { return "fill=" + strconv.Itoa(n) }

// Cat prints a file.
func Cat(path string) string { return "cat=" + path }

// Gate behaves like our gate: says ready, waits for the order, prints it, says opened.
func Gate(folder string) string { return "gate=" + folder }

// Touch makes a file in the working folder.
func Touch(name string) string { return "touch=" + name }

// Report writes n bytes of the pattern as the gate's report.
func Report(folder string, n int) string { return "report=" + folder + "=" + strconv.Itoa(n) }

// Done says that main() returned and submitted a job.
func Done(folder, job string) string { return "done=" + folder + "=" + job }

// Fail says that main() threw.
func Fail(folder, stack string) string { return "fail=" + folder + "=" + stack }

// Exit ends the program with a code.
func Exit(code int) string { return "exit=" + strconv.Itoa(code) }

// Signal ends the program by a signal of its own.
func Signal(s syscall.Signal) string { return "signal=" + strconv.Itoa(int(s)) }

// ProgramEnv is what makes a test binary whose TestMain calls [Main] act out its arguments. Built with the race detector, it
// would wait a second before each exit.
func ProgramEnv() map[string]string {
	return map[string]string{programVariable: "1", "GORACE": "atexit_sleep_ms=0"}
}

// Main is to be called first by the TestMain of a binary that serves as test program. It comes back only in the test itself.
func Main() {
	if os.Getenv(programVariable) == "" {
		return
	}
	syscall.CloseOnExec(3) // as Java does for its children
	for _, step := range os.Args[1:] {
		if err := act(step); err != nil {
			fmt.Println("test program:", step, err)
			os.Exit(99)
		}
	}
	os.Exit(0)
}

func act(step string) error {
	verb, text, _ := strings.Cut(step, "=")
	switch verb {
	case "print":
		fmt.Println(text)
	case "fill":
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(Pattern(n))
		return err
	case "cat":
		content, err := os.ReadFile(text)
		fmt.Println(string(content))
		return err
	case "touch":
		return os.WriteFile(text, nil, 0o600)
	case "report":
		return report(text)
	case "gate":
		return hold(text)
	case "done":
		folder, job, _ := strings.Cut(text, "=")
		return say(folder, "done", map[string]any{"jobs": []string{job}, "at": time.Now().UnixMilli()})
	case "fail":
		folder, stack, _ := strings.Cut(text, "=")
		return say(folder, "failed", map[string]any{"class": "E", "message": "m", "stack": stack, "at": time.Now().UnixMilli()})
	case "exit":
		code, err := strconv.Atoi(text)
		if err == nil {
			os.Exit(code)
		}
		return err
	case "signal":
		return signalSelf(text)
	case Spawn:
		return spawn()
	case Env:
		all := os.Environ()
		slices.Sort(all)
		fmt.Println(strings.Join(all, "\n"))
	case List:
		names, err := filepath.Glob("*")
		fmt.Println("the folder holds", names)
		return err
	case Stdin:
		content, err := io.ReadAll(os.Stdin)
		fmt.Printf("stdin has %d bytes\n", len(content))
		return err
	case Wait:
		waitForEver()
	default:
		return fmt.Errorf("no such step")
	}
	return nil
}

// Pattern is n bytes in which each offset can be told from its neighbours.
func Pattern(n int) []byte {
	b := make([]byte, 0, n+16)
	for len(b) < n {
		b = fmt.Appendf(b, "%014d\n", len(b))
	}
	return b[:n]
}

// hold is the gate.
func hold(folder string) error {
	if err := say(folder, "ready", map[string]any{"pid": os.Getpid(), "at": time.Now().UnixMilli()}); err != nil {
		return err
	}
	for {
		order, err := os.ReadFile(filepath.Join(folder, "order"))
		if err == nil {
			fmt.Printf("order %s\n", order)
			return say(folder, "opened", map[string]any{"at": time.Now().UnixMilli()})
		}
		if !os.IsNotExist(err) {
			return err
		}
		time.Sleep(3 * time.Millisecond)
	}
}

func report(text string) error {
	folder, size, _ := strings.Cut(text, "=")
	n, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "report"), Pattern(n), 0o600)
}

// say writes one of the gate's files.
func say(folder, word string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	temp := filepath.Join(folder, "."+word+".tmp")
	if err := os.WriteFile(temp, text, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(folder, word))
}

func spawn() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(self, Print("a descendant lives"), Wait)
	child.Stdout = os.Stdout
	if err := child.Start(); err != nil {
		return err
	}
	fmt.Println("spawned")
	return nil
}

func signalSelf(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	if err := syscall.Kill(os.Getpid(), syscall.Signal(n)); err != nil {
		return err
	}
	waitForEver()
	return nil
}

func waitForEver() { <-signalled() }

// signalled is a channel that is never written to: SIGUSR1 is not sent to us, and the runtime sees no deadlock.
func signalled() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	return c
}
