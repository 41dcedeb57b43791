package storage

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drey/internal/cluster"
)

type entry struct{ name, content string }

func jar(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func file(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.jar")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func manifest(lines ...string) entry {
	return entry{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n" + strings.Join(lines, "\r\n") + "\r\n"}
}

func TestStagingSaysWhatAPersonCanDo(t *testing.T) {
	t.Parallel()
	m, container := mounted(t)
	put(t, m, account+"/text.jar", "this is no jar")
	put(t, m, account+"/empty.jar", "")
	put(t, m, account+"/slip.jar", string(jar(t, entry{"../x", ""})))
	to := uri(t, account+"/id/jars")
	for why, tt := range map[string]struct{ from, code string }{
		"no such jar":       {account + "/none.jar", "JarNotFound"},
		"no such container": {"abfs://other@teststorage.dfs.core.windows.net/a.jar", "JarNotFound"},
		"a folder":          {account + "/a", "JarNotFound"},
		"not mounted":       {"s3://bucket/a.jar", "StorageAccountNotMounted"},
		"text":              {account + "/text.jar", "InvalidJar"},
		"nothing":           {account + "/empty.jar", "InvalidJar"},
		"a way out":         {account + "/slip.jar", "InvalidJar"},
	} {
		t.Run(why, func(t *testing.T) {
			got, err := m.StageJar(t.Context(), uri(t, tt.from), to)
			e := cluster.AsError(err)
			if e == nil || e.Kind != cluster.Invalid || e.Code != tt.code {
				t.Fatalf("got %+v, %v, want %s", got, err, tt.code)
			}
			if strings.Contains(e.Message, container) {
				t.Errorf("the message shows a folder of the machine: %s", e.Message)
			}
			entries, err := os.ReadDir(filepath.Join(container, "id", "jars"))
			if err != nil && !errors.Is(err, fs.ErrNotExist) || len(entries) > 0 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
		})
	}
	if e := cluster.AsError(jarError(to, maxJarBytes, fmt.Errorf("x: %w", ErrFull))); e == nil || e.Kind != cluster.InsufficientStorage {
		t.Errorf("a full disk: got %v", e)
	}
	if e := cluster.AsError(jarError(to, maxJarBytes, fmt.Errorf("x: %w", ErrTooLarge))); e == nil || e.Code != "InvalidJar" {
		t.Errorf("too large: got %v", e)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	put(t, m, account+"/good.jar", string(jar(t, entry{"a", ""})))
	if _, err := m.StageJar(canceled, uri(t, account+"/good.jar"), to); !errors.Is(err, context.Canceled) || cluster.AsError(err) != nil {
		t.Errorf("canceled: got %v, want an error that is tried again", err)
	}
}

func TestEntryClass(t *testing.T) {
	t.Parallel()
	code := string(withMain)
	long := "org.example." + strings.Repeat("verylong.", 8) + "Main"
	longFile := entry{strings.ReplaceAll(long, ".", "/") + ".class", code}
	lib := file(t, jar(t, entry{"lib/Driver.class", code}))
	for why, tt := range map[string]struct {
		entries []entry
		asked   string
		libs    []string
		want    string
	}{
		"asked for":                     {[]entry{{"a/B.class", code}}, "a.B", nil, "a.B"},
		"asked for, whatever it says":   {[]entry{manifest("Main-Class: x.Y"), {"a/B.class", code}}, "a.B", nil, "a.B"},
		"an inner class":                {[]entry{{"a/B$C.class", code}}, "a.B$C", nil, "a.B$C"},
		"Main-Class":                    {[]entry{manifest("Main-Class: a.B"), {"a/B.class", code}}, "", nil, "a.B"},
		"the header has no case":        {[]entry{manifest("main-CLASS:a.B "), {"a/B.class", code}}, "", nil, "a.B"},
		"program-class":                 {[]entry{manifest("program-class: a.B"), {"a/B.class", code}}, "", nil, "a.B"},
		"Main-Class before the other":   {[]entry{manifest("program-class: x.Y", "Main-Class: a.B"), {"a/B.class", code}}, "", nil, "a.B"},
		"a value that goes on":          {[]entry{manifest("Main-Class: "+long[:60], " "+long[60:]), longFile}, "", nil, long},
		"sections of entries are other": {[]entry{manifest("Main-Class: a.B", "", "Name: a/", "Main-Class: x.Y"), {"a/B.class", code}}, "", nil, "a.B"},
		"in lib":                        {[]entry{{"a/B.class", code}}, "lib.Driver", []string{lib}, "lib.Driver"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, err := EntryClass(file(t, jar(t, tt.entries...)), tt.asked, tt.libs...)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestEntryClassNotFound(t *testing.T) {
	t.Parallel()
	code := string(withMain)
	var many []entry
	for i := range 12 {
		many = append(many, entry{fmt.Sprintf("m/C%02d.class", i), code})
	}
	for why, tt := range map[string]struct {
		entries []entry
		asked   string
		want    string
	}{
		"no manifest": {[]entry{{"a/B.class", code}}, "", "The jar's manifest names no Main-Class. Classes with a main(): a.B."},
		"it names none, and so on": {[]entry{manifest("X: y"), {"a/B.class", code}, {"a/A.class", code}}, "",
			"The jar's manifest names no Main-Class. Classes with a main(): a.A, a.B."},
		"it names one that is not there":   {[]entry{manifest("Main-Class: x.Y"), {"a/B.class", code}}, "", "The class x.Y is not in the jar. Classes with a main(): a.B."},
		"asked for one that is not there":  {[]entry{{"a/B.class", code}}, "x.Y", "The class x.Y is not in the jar. Classes with a main(): a.B."},
		"nothing has a main":               {[]entry{{"a/B.class", string(class("9 run ([Ljava/lang/String;)V", "1 main ([Ljava/lang/String;)V"))}}, "", "The jar's manifest names no Main-Class."},
		"not of other versions, not inner": {[]entry{{"META-INF/versions/9/a/B.class", code}, {"a/B$1.class", code}, {"a/bad.class", "x"}}, "", "The jar's manifest names no Main-Class."},
		"ten are enough": {many, "", "The jar's manifest names no Main-Class. Classes with a main(): " +
			"m.C00, m.C01, m.C02, m.C03, m.C04, m.C05, m.C06, m.C07, m.C08, m.C09."},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, err := EntryClass(file(t, jar(t, tt.entries...)), tt.asked)
			e := cluster.AsError(err)
			if e == nil || e.Kind != cluster.Invalid || e.Code != "EntryClassNotFound" || e.Message != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
