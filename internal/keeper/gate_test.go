package keeper

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func put(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheLastWordOfAGateCounts(t *testing.T) {
	t.Parallel()
	folder, at := t.TempDir(), time.UnixMilli(1000).UTC()
	for _, step := range []struct {
		word, text string
		want       Gate
	}{
		{"", "", Gate{}},
		{ReadyFile, `{"pid":1,"at":1000}`, Gate{Gate: "ready", At: at}},
		{OpenedFile, `{"at":1000}`, Gate{Gate: "opened", At: at, Opened: at}},
		{DoneFile, `{"jobs":["a","b"],"at":1000}`, Gate{Gate: "done", Jobs: []string{"a", "b"}, At: at, Opened: at}},
		{FailedFile, `{"class":"E","message":"m","stack":"E: m\n\tat X","at":1000}`, Gate{Gate: "failed", Failure: "E: m\n\tat X", At: at, Opened: at}},
		{FailedFile, `{"class":"E","message":"m","at":1000}`, Gate{Gate: "failed", Failure: "E: m", At: at, Opened: at}},
	} {
		if step.word != "" {
			put(t, folder, step.word, step.text)
		}
		got, err := ReadGate(folder)
		if diff := cmp.Diff(step.want, got); diff != "" || err != nil {
			t.Errorf("after %q: %v, -want +got:\n%s", step.word, err, diff)
		}
	}
	put(t, folder, FailedFile, `{"class`)
	if got, err := ReadGate(folder); err == nil {
		t.Errorf("half a word was understood as %+v", got)
	}
}

func TestOneOrderWins(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := giveOrder(folder, []byte("a")); !errors.Is(err, ErrNotHeld) {
		t.Errorf("without a gate: got %v, want ErrNotHeld", err)
	}
	put(t, folder, ReadyFile, `{"at":1}`)
	errs := make([]error, 8)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = giveOrder(folder, fmt.Appendf(nil, "order %d", i)) })
	}
	all.Wait()
	winner, err := ReadOrder(folder)
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range errs {
		if won := string(winner) == fmt.Sprintf("order %d", i); won && err != nil || !won && !errors.Is(err, ErrReleased) {
			t.Errorf("order %d got %v, but %s won", i, err, winner)
		}
	}
	if err := giveOrder(folder, winner); err != nil {
		t.Errorf("the same again: %v", err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestAGateIsNotOpenedTwice(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	put(t, folder, ReadyFile, `{"at":1}`)
	put(t, folder, DoneFile, `{"at":1}`)
	if err := clearGate(folder); err != nil {
		t.Error(err)
	}
	if got, err := ReadGate(folder); got.Gate != "" || err != nil {
		t.Errorf("a cleared gate says %+v, %v", got, err)
	}
	put(t, folder, OrderFile, `a`)
	if err := clearGate(folder); err == nil {
		t.Error("a gate that had its order was cleared")
	}
}

func TestJarsAreInAFixedOrder(t *testing.T) {
	t.Parallel()
	lib, one := t.TempDir(), t.TempDir()
	for _, name := range []string{"flink-dist-2.3.0.jar", "z.jar", "a.jar", "flink-cep.jar", "notes.txt"} {
		put(t, lib, name, "")
	}
	put(t, one, "b.jar", "")
	libs := strings.Join([]string{lib + "/a.jar", lib + "/flink-cep.jar", lib + "/z.jar", lib + "/flink-dist-2.3.0.jar"}, ":")
	args := []string{"java", "-cp", "@jars:" + lib + ":/x/y.jar", "-Dp=@jars:" + one + ":@jars:" + one, "@jars:" + one, "--", "@jars:" + lib}
	want := []string{"java", "-cp", libs + ":/x/y.jar", "-Dp=" + one + "/b.jar:" + one + "/b.jar", one + "/b.jar", "--", "@jars:" + lib}
	got, err := ExpandArgs(args)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if _, err := ExpandArgs([]string{"java", "@jars:" + t.TempDir()}); err == nil {
		t.Error("a folder without jars makes a class path")
	}
	if _, err := ExpandArgs([]string{"java", "@jars:/there/is/none"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestOutOfMemoryIsSaidOnTheJVMsWordOnly(t *testing.T) {
	t.Parallel()
	const words = "java.lang.OutOfMemoryError: Java heap space"
	for why, tt := range map[string]struct {
		exit Exit
		last string
		want bool
	}{
		"ExitOnOutOfMemoryError":                    {Exit{Code: 3}, "log\nTerminating due to " + words + "\n", true},
		"its words are the first":                   {Exit{Code: 3}, "Terminating due to " + words + "\n", true},
		"its words are quoted":                      {Exit{Code: 3}, "log: Terminating due to " + words + "\n", false},
		"its code alone":                            {Exit{Code: 3}, "log\n", false},
		"its words with another code":               {Exit{Code: 1}, "Terminating due to " + words + "\n", false},
		"CrashOnOutOfMemoryError without core":      {Exit{Code: 1}, "Aborting due to " + words + "\n", true},
		"CrashOnOutOfMemoryError with core":         {Exit{Code: -1, Signal: 6}, "Aborting due to " + words + "\n", true},
		"OnOutOfMemoryError=kill -9 %p":             {Exit{Code: -1, Signal: 9}, "#\n# " + words + "\n", true},
		"OnOutOfMemoryError that did not end it":    {Exit{Code: 1}, "#\n# " + words + "\n", false},
		"a stack trace in the log, and then a kill": {Exit{Code: -1, Signal: 9}, "ERROR " + words + "\n\tat X\n", false},
		"a good end":                                {Exit{}, "Aborting due to " + words + "\n", false},
	} {
		if got := outOfMemory(tt.exit, []byte(tt.last)); got != tt.want {
			t.Errorf("%s: got %v, want %v", why, got, tt.want)
		}
	}
}
