package flinktest

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"drey/internal/flink"
)

// What lifecycle asks of Flink is asked in a scenario.
func TestEveryQuestionThatLifecycleAsksOfFlinkIsAskedInAScenario(t *testing.T) {
	t.Parallel()
	asked := calls(t, "*.go")
	for method := range calls(t, "../../lifecycle/*.go") {
		if !asked[method] {
			t.Errorf("lifecycle calls %s of the client, no scenario does", method)
		}
	}
}

// calls are the methods of flink.Client that files call, by their names alone: too many are found rather than too few.
func calls(t *testing.T, pattern string) map[string]bool {
	t.Helper()
	client, found := reflect.TypeFor[*flink.Client](), map[string]bool{}
	for _, file := range sources(t, pattern) {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if s, ok := call.Fun.(*ast.SelectorExpr); ok && asks(client, s.Sel.Name) {
					found[s.Sel.Name] = true
				}
			}
			return true
		})
	}
	if len(found) == 0 {
		t.Fatalf("%s calls nothing of the client", pattern)
	}
	return found
}

// asks says that a method asks Flink something: it takes a context.
func asks(client reflect.Type, name string) bool {
	m, ok := client.MethodByName(name)
	return ok && m.Type.NumIn() > 1 && m.Type.In(1) == reflect.TypeFor[context.Context]()
}

// The questions that scenarios say they stand for are there, and each of Flink's has one.
func TestEachAnswerOfFlinkHasAScenario(t *testing.T) {
	t.Parallel()
	open := map[string]bool{}
	for _, name := range fieldsOf(t, "questions") {
		open[name] = true
	}
	for name, s := range Scenarios {
		for _, q := range s.Questions {
			if _, ok := open[q]; !ok {
				t.Errorf("%s: lifecycle has no question %s", name, q)
			}
			open[q] = false
		}
	}
	for _, q := range []string{"Job", "Restored", "Trigger", "Checkpoint", "Health", "Registered", "Rescale", "Timing", "Incarnation"} {
		if open[q] {
			t.Errorf("no scenario stands for what Flink answers to %s", q)
		}
	}
}

// fieldsOf are the fields of a struct of package lifecycle.
func fieldsOf(t *testing.T, name string) (names []string) {
	t.Helper()
	for _, file := range sources(t, "../../lifecycle/*.go") {
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.TypeSpec); ok && s.Name.Name == name {
				for _, f := range s.Type.(*ast.StructType).Fields.List {
					names = append(names, f.Names[0].Name)
				}
			}
			return true
		})
	}
	if names == nil {
		t.Fatalf("lifecycle has no struct %s", name)
	}
	return names
}

// Every field that the client's wire structs name is in the table of what is noted.
func TestEveryFieldThatTheClientReadsIsNoted(t *testing.T) {
	t.Parallel()
	noted := map[string]bool{"errors": true}
	for _, known := range read {
		known.names(noted)
	}
	for _, name := range []string{"client", "checkpoints", "exceptions", "jobs", "overview", "rescale", "savepoints", "taskmanagers", "timing"} {
		for _, file := range sources(t, "../"+name+".go") {
			for _, tag := range tags(file) {
				if !noted[tag] && !sent[tag] {
					t.Errorf("%s.go has a field %q, which no trace shows", name, tag)
				}
			}
		}
	}
}

func (f fields) names(into map[string]bool) {
	for name, one := range f {
		into[name] = true
		if deeper, ok := one.(fields); ok {
			deeper.names(into)
		}
	}
}

// sent are the fields of requests, which traces show whole.
var sent = map[string]bool{
	"checkpointType": true, "triggerId": true, "target-directory": true, "cancel-job": true, "formatType": true, "targetDirectory": true, "drain": true,
}

func tags(file *ast.File) (names []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok && f.Tag != nil {
			tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
			names = append(names, tag.Get("json"))
		}
		return true
	})
	return names
}

// sources reads the Go files of a pattern that are no tests.
func sources(t *testing.T, pattern string) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if files == nil {
		t.Fatalf("there is no file %s", pattern)
	}
	return files
}
