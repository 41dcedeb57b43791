package flink

import "testing"

func TestDiagnoseMain(t *testing.T) {
	for why, tt := range map[string]struct{ stack, code, message string }{
		"the last cause is the root":    {"java.lang.RuntimeException: wrapped\n\tat x.Main\nCaused by: java.lang.IllegalStateException: no such topic\n\tat y", CodeMainFailed, "no such topic (IllegalStateException)"},
		"one exception is its own root": {"java.lang.IllegalStateException: thrown on request\n\tat x", CodeMainFailed, "thrown on request (IllegalStateException)"},
		"a missing entry class":         {"java.lang.ClassNotFoundException: the job's jar has no class a.b.Missing\n\tat drey.UserProgram.load(UserProgram.java:47)\nCaused by: java.lang.ClassNotFoundException: a.b.Missing", CodeEntryClassNotFound, "the job's jar has no class a.b.Missing"},
		"no main class is named":        {"java.lang.ClassNotFoundException: no main class: the job names none, and neither does the manifest of its jar\n\tat x", CodeEntryClassNotFound, "no main class: the job names none, and neither does the manifest of its jar"},
		"a class without main()":        {"java.lang.NoSuchMethodException: lib.Helper has no public static void main(String[])\n\tat drey.UserProgram.mainOf(UserProgram.java:61)", CodeEntryClassNotFound, "lib.Helper has no public static void main(String[])"},
		"a library missing in main()":   {"java.lang.NoClassDefFoundError: org/postgresql/Driver\n\tat a.b.Main.main\nCaused by: java.lang.ClassNotFoundException: org.postgresql.Driver\n\t... 3 more", CodeMainFailed, "org.postgresql.Driver (ClassNotFoundException)"},
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

func TestDiagnoseJob(t *testing.T) {
	for why, tt := range map[string]struct {
		stacks        []string // newest first
		code, message string
	}{
		"Flink tells nothing": {nil, CodeJobFailed, "The job failed, and Flink tells no exception."},
		"the job's own exception": {
			[]string{"org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy\n\tat x\nCaused by: java.lang.ArithmeticException: / by zero\n\tat y"},
			CodeJobFailed, "/ by zero (ArithmeticException)",
		},
		"too few slots": {
			[]string{"org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException: Could not acquire the minimum required resources.\n\tat x"},
			CodeInsufficientSlots, "Could not acquire the minimum required resources. (NoResourceAvailableException)",
		},
		"an older failure says more than the newest": {
			[]string{"java.lang.Exception: lost", "java.lang.RuntimeException: x\nCaused by: java.lang.OutOfMemoryError: Java heap space"},
			CodeOutOfMemory, "Java heap space (OutOfMemoryError)",
		},
	} {
		t.Run(why, func(t *testing.T) {
			var list []JobException
			for _, stack := range tt.stacks {
				list = append(list, JobException{Stack: stack})
			}
			if d := DiagnoseJob(list); d.Code != tt.code || d.Message != tt.message {
				t.Errorf("got %s: %s, want %s: %s", d.Code, d.Message, tt.code, tt.message)
			}
		})
	}
}

func TestAnExcerptHasNoControlCharacters(t *testing.T) {
	d := DiagnoseExit(Exit{Role: RoleJobManager, Code: 1}, "line\x1b[2J one\r\nERROR x\x00 failed\n")
	if want := "line[2J one\nERROR x failed\n"; d.Excerpt != want {
		t.Errorf("excerpt is %q, want %q", d.Excerpt, want)
	}
}
