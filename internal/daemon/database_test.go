package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPasswordOfTheDatabaseIsNeverShown(t *testing.T) {
	t.Parallel()
	for url, want := range map[DatabaseURL]string{
		"":                             "",
		"postgres://drey@db:5433/drey": "postgres://drey@db:5433/drey",
		"postgres://drey:hush@db/drey?sslmode=verify-full":               "postgres://drey:hidden@db/drey?sslmode=verify-full",
		"postgres://drey@db/drey?password=hush&sslpassword=hush&user=me": "postgres://drey@db/drey?password=hidden&sslpassword=hidden&user=me",
		"host=db password=hush":                                          "******",
		"postgres://drey:hush@db:p/":                                     "******",
	} {
		if got := url.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		encoded, err := json.Marshal(url)
		_, settings, problems := Explain("", true, func(c *Config) { c.Database = url })
		for _, text := range []string{string(encoded), fmt.Sprintf("%v %+v %#v %q", url, url, url, url), fmt.Sprint(settings), fmt.Sprint(errors.Join(problems...))} {
			if err != nil || strings.Contains(text, "hush") {
				t.Errorf("%s shows it (%v)", text, err)
			}
		}
	}
}

func TestWhatIsNoDatabaseIsAProblemOfTheConfiguration(t *testing.T) {
	t.Parallel()
	for url, want := range map[DatabaseURL]string{
		"":                        "",
		"postgres://drey@db/drey": "",
		"postgresql:///drey?host=/run/postgresql": "",
		"sqlite:drey.db":                     "leave it out for SQLite",
		"postgres://drey:hush@db:p/drey":     "database: ",
		"postgres://db/drey?sslmode=perhaps": "database: ",
	} {
		_, _, problems := Explain("", true, func(c *Config) { c.Database = url })
		got := ""
		if err := errors.Join(problems...); err != nil {
			got = err.Error()
		}
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
}

func TestADatabaseIsCopiedOnlyWhereNoServerRunsOnIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := CopyDatabase(t.Context(), dir, "postgres://nowhere/drey"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a database: got %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, databaseFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lock, err := TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if _, err := CopyDatabase(t.Context(), dir, "postgres://nowhere/drey"); !errors.As(err, new(*LockedError)) {
		t.Errorf("beside a server: got %v", err)
	}
}
