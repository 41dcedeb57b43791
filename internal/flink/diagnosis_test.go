package flink

import "testing"

func TestDiagnoseMain(t *testing.T) {
	for why, tt := range map[string]struct{ stack, code, message string }{
		"the last cause is the root":    {"java.lang.RuntimeException: wrapped\n\tat x.Main\nCaused by: java.lang.IllegalStateException: no such topic\n\tat y", CodeMainFailed, "no such topic (IllegalStateException)"},
		"one exception is its own root": {"java.lang.IllegalStateException: thrown on request\n\tat x", CodeMainFailed, "thrown on request (IllegalStateException)"},
		"a missing entry class":         {"java.lang.ClassNotFoundException: a.b.Missing\n\tat x", CodeEntryClassNotFound, "The class a.b.Missing is not in the jar."},
		"a second execute":              {"java.lang.IllegalStateException: a Drey job is one Flink job: main() called execute() twice\n\tat x", CodeMultipleJobs, "a Drey job is one Flink job: main() called execute() twice (IllegalStateException)"},
		"nothing at all":                {"", CodeMainFailed, "no cause was told"},
	} {
		t.Run(why, func(t *testing.T) {
			if d := DiagnoseMain(tt.stack); d.Code != tt.code || d.Message != tt.message {
				t.Errorf("got %s: %s, want %s: %s", d.Code, d.Message, tt.code, tt.message)
			}
		})
	}
}

func TestDiagnoseExit(t *testing.T) {
	for why, tt := range map[string]struct {
		exit Exit
		tail string
		code string
	}{
		"a port is taken":                  {Exit{RoleJobManager, 1, 0, false}, "x\nCaused by: java.net.BindException: Could not start rest endpoint on any port in port range 40687\n", CodePortUnavailable},
		"the heap was too small":           {Exit{RoleTaskManager, 3, 0, true}, "java.lang.OutOfMemoryError: Java heap space", CodeOutOfMemory},
		"the kernel's word is enough":      {Exit{RoleTaskManager, -1, 9, true}, "", CodeOutOfMemory},
		"a stranger's kill":                {Exit{RoleJobManager, -1, 9, false}, "all is well", CodeProcessKilled},
		"main called System.exit":          {Exit{RoleJobManager, 7, 0, false}, "bye", CodeExited},
		"state that has no operator":       {Exit{RoleJobManager, 2, 0, false}, "ERROR x\nCaused by: java.lang.IllegalStateException: Failed to rollback to checkpoint/savepoint file:/x. Cannot map checkpoint/savepoint state for operator 0da08f51eaa85fc298e176a139b3649a to the new program", CodeStateIncompatible},
		"a savepoint that is not there":    {Exit{RoleJobManager, 2, 0, false}, "Caused by: java.io.FileNotFoundException: Cannot find checkpoint or savepoint file/directory 'file:/nowhere'", CodeSavepointNotFound},
		"the program could not be created": {Exit{RoleJobManager, 1, 0, false}, "ERROR Could not create application program.\nCaused by: java.io.IOException: no jar", CodeRuntimeStartFailed},
		"a machine with too little memory": {Exit{RoleJobManager, 1, 0, false}, "Error occurred during initialization of VM\nCould not reserve enough space for object heap", CodeOutOfMemory},
	} {
		t.Run(why, func(t *testing.T) {
			if d := DiagnoseExit(tt.exit, tt.tail); d.Code != tt.code || d.Message == "" {
				t.Errorf("got %s: %q, want %s", d.Code, d.Message, tt.code)
			}
		})
	}
}
