package flink

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// extra is a part of a release that is not in every packing of it, or lies there unused.
type extra struct {
	name     string
	artifact string // in the Maven group org.apache.flink, in the release's own version; its jar is named after both. "": it is no jar
	folder   string // where Flink looks for the jar, below FLINK_HOME
	classes  string // a folder in the jar by which it is known
}

// Extras that programs are run with: SQL scripts, and Python's.
const (
	sqlGateway = "sql-gateway"
	python     = "python"
)

// extras are the same for every line from 1.18 on: what a later line names otherwise gets a row of its own.
var extras = []extra{
	{"s3", "flink-s3-fs-hadoop", "plugins/s3-fs-hadoop", "org/apache/flink/fs/s3hadoop/"},
	{"s3-presto", "flink-s3-fs-presto", "plugins/s3-fs-presto", "org/apache/flink/fs/s3presto/"},
	{"azure", "flink-azure-fs-hadoop", "plugins/azure-fs-hadoop", "org/apache/flink/fs/azurefs/"},
	{"gs", "flink-gs-fs-hadoop", "plugins/gs-fs-hadoop", "org/apache/flink/fs/gs/"},
	{sqlGateway, "flink-sql-gateway", "opt", "org/apache/flink/table/gateway/"},
	{python, "", "python", ""},
}

// extraNamed is an extra of the table.
func extraNamed(name string) extra {
	return extras[slices.IndexFunc(extras, func(e extra) bool { return e.name == name })]
}

// ExtraNames are the extras that a release can have.
func ExtraNames() []string {
	var names []string
	for _, e := range extras {
		names = append(names, e.name)
	}
	return names
}

func (e extra) coordinates(version string) string {
	return "org.apache.flink:" + e.artifact + ":" + version
}

func (e extra) jar(version string) string { return e.artifact + "-" + version + ".jar" }

// in says that a release has the extra. The folder of a plugin may have any name.
func (e extra) in(home, version string) bool {
	if e.name == python {
		_, err := os.Lstat(Interpreter(home)) // what the link leads to may be gone, with the machine's Python
		return err == nil
	}
	folder := e.folder
	if top, _, plugin := strings.Cut(folder, "/"); plugin {
		folder = top + "/*"
	}
	found, err := fs.Glob(os.DirFS(home), path.Join(folder, e.jar(version)))
	return err == nil && len(found) > 0
}

// extrasIn are the names of the extras that a release has.
func extrasIn(home, version string) []string {
	names := []string{}
	for _, e := range extras {
		if e.in(home, version) {
			names = append(names, e.name)
		}
	}
	return names
}

// extras are those that are wanted, each once, in the order of the table.
func (in Installation) extras() ([]extra, error) {
	if in.ExtraFrom[python] != "" {
		return nil, fmt.Errorf("%s is no jar; use --with %s", python, python)
	}
	names := slices.AppendSeq(slices.Clone(in.With), maps.Keys(in.ExtraFrom))
	for _, name := range names {
		if !slices.Contains(ExtraNames(), name) {
			return nil, fmt.Errorf("%q is no extra of Flink: there are %s", name, strings.Join(ExtraNames(), ", "))
		}
	}
	var wanted []extra
	for _, e := range extras {
		if slices.Contains(names, e.name) {
			wanted = append(wanted, e)
		}
	}
	return wanted, nil
}
