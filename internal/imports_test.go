// Package internal holds the one test that keeps the directions of imports: a new edge is a visible line here.
package internal

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed lists for each package what of ours it may import. Tests may import more.
var allowed = map[string][]string{
	"cluster":              {},
	"secret":               {},
	"keeper":               {},
	"telemetry":            {},
	"arm/contract":         {"cluster"}, // faults of a body are the domain's faults
	"identity":             {"secret"},
	"flink":                {"cluster", "secret"},
	"flink/fake":           {"cluster", "flink", "storage"},
	"flink/flinktest":      {"flink", "flink/fake", "runtime"}, // for tests only
	"storage":              {"cluster", "secret"},
	"runtime":              {"secret"},
	"runtime/local":        {"runtime", "keeper"},
	"runtime/kubernetes":   {"runtime", "keeper"},
	"runtime/runtimetest":  {"runtime", "secret"},
	"runtime/simulated":    {"runtime", "flink/fake", "secret", "storage"},
	"store":                {"cluster"},
	"engine":               {"cluster", "store", "telemetry"},
	"lifecycle":            {"cluster", "engine", "store", "runtime", "flink", "storage", "telemetry"},
	"arm/v20240501":        {"cluster", "arm/contract", "lifecycle"}, // converters from the door's views
	"arm/v20240501preview": {"cluster", "arm/contract", "arm/v20240501", "lifecycle"},
	"arm/v20231101preview": {"cluster", "arm/contract", "arm/v20240501", "lifecycle"},
	"arm/v20230601preview": {"cluster", "arm/contract", "arm/v20231101preview", "arm/v20240501", "lifecycle"},
	"arm/v20261101":        {"cluster", "arm/contract", "arm/v20240501", "lifecycle"},
	"arm":                  {"cluster", "identity", "lifecycle", "arm/contract", "arm/v20240501", "arm/v20240501preview", "arm/v20231101preview", "arm/v20230601preview", "arm/v20261101", "telemetry"},
	"daemon":               {"arm", "cluster", "flink", "identity", "lifecycle", "runtime", "runtime/kubernetes", "runtime/local", "runtime/simulated", "flink/fake", "secret", "storage", "store", "telemetry"},
	"cli":                  {"daemon", "flink", "arm/v20240501", "arm/v20261101"},
}

func TestImportsFollowTheTable(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		may, known := allowed[pkg]
		if !known {
			t.Errorf("package %s is not in the table", pkg)
			return nil
		}
		seen[pkg] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range file.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			if ours, ok := strings.CutPrefix(name, "drey/internal/"); ok && !slices.Contains(may, ours) {
				t.Errorf("%s imports %s, which the table does not allow", path, ours)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range allowed {
		if !seen[pkg] {
			t.Errorf("the table has %s, which is no package", pkg)
		}
	}
}

func TestTheKeeperNeedsTheStandardLibraryOnly(t *testing.T) {
	files, err := filepath.Glob("keeper/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range file.Imports {
			if strings.Contains(imp.Path.Value, ".") {
				t.Errorf("%s imports %s: the keeper is a few MiB and stays so", path, imp.Path.Value)
			}
		}
	}
}
