package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// ask asks a question that is answered by y or n. Without a terminal nobody can answer: then it is refused. A context with
// confirm: always asks in spite of --yes.
func (a *app) ask(question string) error {
	always := a.place.Confirm == confirmAlways && os.Getenv("DREY_CONFIRM") != "no"
	if a.flags.dryRun || a.flags.yes && !always {
		return nil
	}
	if !a.inTTY || !a.errTTY || os.Getenv("DREY_NO_INPUT") != "" {
		hint := "repeat it with --yes"
		if always {
			hint = "this context asks always: set DREY_CONFIRM=no, and repeat it with --yes"
		}
		return usage(hint, "this needs a yes, and there is no terminal to ask on")
	}
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	type reply struct {
		text string
		err  error
	}
	got := make(chan reply, 1)
	go func() { // a read of a terminal cannot be interrupted otherwise
		var line [64]byte
		n, err := a.in.Read(line[:])
		got <- reply{string(line[:n]), err}
	}()
	select {
	case <-a.interrupts.Done():
		fmt.Fprintln(a.err)
		return a.interrupts.Err()
	case r := <-got:
		if answer := strings.ToLower(strings.TrimSpace(r.text)); r.err == nil && (answer == "y" || answer == "yes") {
			return nil
		} else if r.err != nil && r.err != io.EOF {
			return r.err
		}
		return &failure{Why: "not done: you did not say yes", Code: "NotConfirmed", Exit: exitFailed}
	}
}
