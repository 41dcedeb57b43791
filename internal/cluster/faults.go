package cluster

import (
	"fmt"
	"slices"
)

// Codes that several rules share. Codes are contract: add, never rename.
const (
	codeInvalidSpec   = "InvalidClusterSpec"
	codeInvalidConfig = "InvalidConfiguration"
	codeReservedKey   = "ReservedConfigurationKey"
)

// Fault is e as one fault of a request, at target.
func (e *Error) Fault(target string) Fault {
	return Fault{Code: e.Code, Target: target, Message: e.Message, Hint: e.Hint}
}

// Conflicts makes one 409 of all faults, or nil if there is none.
func Conflicts(faults []Fault) error {
	err := AsError(Faults(faults))
	if err == nil {
		return nil
	}
	err.Kind = Conflict
	// Faults of one kind keep their code, so that a script that knows it finds it.
	if !slices.ContainsFunc(faults, func(f Fault) bool { return f.Code != faults[0].Code }) {
		err.Code, err.Target = faults[0].Code, faults[0].Target
	}
	return err
}

// faultList collects what is wrong with a request.
type faultList []Fault

func (l *faultList) add(code, target, format string, args ...any) {
	*l = append(*l, Fault{Code: code, Target: target, Message: fmt.Sprintf(format, args...)})
}

// addAt adds a fault that a check of a single value found, at target.
func (l *faultList) addAt(target string, f *Fault) {
	if f == nil {
		return
	}
	at := *f
	at.Target = target
	*l = append(*l, at)
}

// hint adds the way out to the fault added last.
func (l faultList) hint(format string, args ...any) {
	l[len(l)-1].Hint = fmt.Sprintf(format, args...)
}
