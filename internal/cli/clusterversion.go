package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

func (a *app) clusterVersions() *cobra.Command {
	return a.group("version", "Look at the versions of a cluster's job, and go back to one",
		"  drey cluster version list orders\n  drey cluster version diff orders\n  drey cluster version rollback orders 3",
		a.versionList(), a.versionShow(), a.versionDiff(), a.foreseen(a.versionRollback()))
}

func (a *app) versionList() *cobra.Command {
	return a.verb("list CLUSTER", "List the versions of a cluster's job, newest first", "  drey cluster version list orders", func(ctx context.Context, s *session, args []string) error {
		list, raw, err := s.versions(ctx, args[0])
		if err != nil {
			return what(err, "Cannot list the versions of %q", args[0])
		}
		r := result{data: raw, columns: []string{"VERSION", "STATE", "FLINK", "JAR", "SHA256", "AGE", "GOOD", "FAILURE"}, none: "No version yet."}
		for _, v := range list {
			p := v.Properties
			r.rows = append(r.rows, []any{v.Name, stateOf(p), p.FlinkVersion, p.JarName, id(p.Jar.SHA256), moment(p.CreatedAt), moment(p.GoodAt), long(p.Failure)})
		}
		return a.print(r)
	})
}

// stateOf is a version's state, and whether it is the one that runs or shall run.
func stateOf(p v20261101.JobVersionProperties) string {
	switch {
	case p.Running:
		return p.State + ", running"
	case p.Goal:
		return p.State + ", wanted"
	}
	return p.State
}

func (a *app) versionShow() *cobra.Command {
	return a.verb("show CLUSTER VERSION", "Show one version with its operators", "  drey cluster version show orders 3", func(ctx context.Context, s *session, args []string) error {
		at, err := s.versionPath(args[0], args[1])
		if err != nil {
			return err
		}
		v, raw, err := get[v20261101.JobVersion](ctx, s, at, nil)
		if err != nil {
			return what(err, "Cannot show version %s of %q", args[1], args[0])
		}
		r := versionResult(args[0], v.Properties)
		r.data, r.name = raw, v.Name
		return a.print(r)
	})
}

func versionResult(name string, p v20261101.JobVersionProperties) result {
	fields := fieldsOf(p)
	addOperators(fields, p.Operators)
	facts := []fact{{"created", moment(p.CreatedAt)}, {"good", moment(p.GoodAt)}, {"failure", p.Failure}}
	for _, field := range sortedKeys(fields) {
		facts = append(facts, fact{field, fields[field]})
	}
	return result{head: fmt.Sprintf("%s · version %d · %s", name, p.Number, stateOf(p)), facts: facts}
}

// versionPath is the path of a version of a cluster's job.
func (s *session) versionPath(name, number string) (string, error) {
	if _, err := strconv.ParseUint(number, 10, 31); err != nil {
		return "", usage("`drey cluster version list "+name+"` shows them", "%q is no number of a version", number)
	}
	at, err := s.clusterPath(name)
	return at + "/versions/" + number, err
}

func (a *app) versionRollback() *cobra.Command {
	var savepoint string
	c := a.verb("rollback CLUSTER VERSION", "Start a version of before in place of what runs",
		"  drey cluster version rollback orders 3\n  drey cluster version rollback orders 3 --savepoint savepoint-1a2b3c-4d5e6f7a8b9c",
		func(ctx context.Context, s *session, args []string) error {
			return what(s.rollback(ctx, args[0], args[1], savepoint), "Cannot go back to version %s of %q", args[1], args[0])
		})
	c.Long = "Starts a version of before from a fresh savepoint of what runs, or from a savepoint that is named: what was done since that one is dropped."
	c.Flags().StringVar(&savepoint, "savepoint", "", "`name or URI` of the savepoint to start from; absent: a fresh one")
	return c
}

// rollback is recorded as an UPDATE of the job.
func (s *session) rollback(ctx context.Context, name, number, savepoint string) error {
	at, err := s.versionPath(name, number)
	if err != nil {
		return err
	}
	text, err := json.Marshal(v20261101.Rollback{SavePointName: savepoint})
	if err != nil {
		return err
	}
	r := request{method: http.MethodPost, path: at + "/rollback", body: bytesBody(text), header: http.Header{"Content-Type": {"application/json"}}}
	return s.saying(ctx, name, s.act(ctx, name, "UPDATE", r))
}

// fieldsOf is what a version is made of, but for its operators: texts by name.
func fieldsOf(p v20261101.JobVersionProperties) map[string]string {
	fields := map[string]string{
		"jar": strings.TrimRight(p.JobJarDirectory, "/") + "/" + p.JarName, "jar sha256": p.Jar.SHA256, "class": p.EntryClass,
		"flink": p.FlinkVersion, "storage": p.StorageURI, "task managers": strconv.Itoa(p.TaskManagers),
		"job manager":  fmt.Sprintf("%g CPU, %d MB", p.JobManager.CPU, p.JobManager.MemoryMB),
		"task manager": fmt.Sprintf("%g CPU, %d MB", p.TaskManager.CPU, p.TaskManager.MemoryMB),
	}
	if p.Args != nil {
		fields["args"] = *p.Args
	}
	for _, jar := range p.Lib {
		fields["lib "+jar.Name] = jar.SHA256
	}
	for key, value := range p.ClusterConfiguration {
		fields["cluster conf "+key] = value
	}
	for key, value := range p.Configuration {
		fields["conf "+key] = value
	}
	return fields
}

// addOperators adds the operators by their uid, or their id where the program gives no uid.
func addOperators(fields map[string]string, operators []v20261101.Operator) {
	for _, o := range operators {
		fields["operator "+first(o.UID, o.ID)] = fmt.Sprintf("%s ×%d", o.Name, o.Parallelism)
	}
}
