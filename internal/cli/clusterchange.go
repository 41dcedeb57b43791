package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// updateFlags are what `cluster update` can change.
type updateFlags struct {
	tags, conf, sets           []string
	version                    string
	taskManagers               int
	memory, jmMemory, tmMemory int64
	cpu                        float64
}

func (a *app) clusterUpdate() *cobra.Command {
	var f updateFlags
	c := a.verb("update CLUSTER", "Change a cluster's declaration; a running job is restarted with its state where that is needed",
		`  drey cluster update orders --tag team=flink
  drey cluster update orders --conf table.exec.state.ttl=1d --task-manager-memory 2048
  drey cluster update orders --set properties.clusterProfile.prometheusProfile.enabled=true`,
		func(ctx context.Context, s *session, args []string) error {
			return what(s.updateCluster(ctx, args[0], f), "Cannot change cluster %q", args[0])
		})
	c.Long = "Changes a cluster's declaration: reads it, changes it, and writes it if nobody else changed it meanwhile. What the job runs\n" +
		"(jar, class, args) is changed by `drey job update`."
	fl := c.Flags()
	fl.StringArrayVar(&f.tags, "tag", nil, "tag, `key=value`; repeated for more: they replace those there are")
	fl.StringArrayVar(&f.conf, "conf", nil, "Flink configuration, `key=value`, beside what there is; without a value: taken out")
	fl.StringArrayVar(&f.sets, "set", nil, "any member, `path=value`, for example properties.clusterProfile.sshProfile.count=1; the value is JSON or a text, null takes it out")
	fl.StringVar(&f.version, "flink-version", "", "Flink `version`")
	fl.IntVar(&f.taskManagers, "task-managers", 0, "number of TaskManagers")
	fl.Int64Var(&f.memory, "memory", 0, "memory of each process, in `MB`")
	fl.Int64Var(&f.jmMemory, "job-manager-memory", 0, "memory of the JobManager, in `MB`")
	fl.Int64Var(&f.tmMemory, "task-manager-memory", 0, "memory of each TaskManager, in `MB`")
	fl.Float64Var(&f.cpu, "cpu", 0, "CPUs of each process")
	return c
}

func (s *session) updateCluster(ctx context.Context, name string, f updateFlags) error {
	changes, err := f.changes()
	if err != nil {
		return err
	}
	tags, err := pairs("--tag", f.tags)
	if err != nil {
		return err
	}
	at, err := s.clusterPath(name)
	switch {
	case err != nil:
		return err
	case len(changes) == 0 && len(tags) == 0:
		return usage("for example --tag team=flink, or --set properties.…=…", "nothing is named that could be changed")
	case len(changes) == 0:
		err = s.send(ctx, http.MethodPatch, at, map[string]any{"tags": tags}, nil)
	default:
		err = s.change(ctx, at, tags, changes)
	}
	if err != nil || s.flags.noWait {
		return s.saying(ctx, name, err)
	}
	return s.showCluster(ctx, name)
}

// change is a member of a resource and its new value; nil takes it out.
type change struct {
	path  []string
	value any
}

const flinkProfile = "properties.clusterProfile.flinkProfile."

func (f updateFlags) changes() (all []change, err error) {
	add := func(path string, value any) { all = append(all, change{strings.Split(path, "."), value}) }
	for _, text := range f.conf {
		key, value, given := strings.Cut(text, "=")
		c := change{append(strings.Split(flinkProfile+"flinkConfiguration", "."), key), nil} // the key's own dots stay in it
		if given {
			c.value = value
		}
		all = append(all, c)
	}
	if f.version != "" {
		add("properties.clusterProfile.ossVersion", f.version)
	}
	if f.taskManagers > 0 {
		add(flinkProfile+"numReplicas", f.taskManagers)
	}
	for role, mb := range map[string]int64{"jobManager": firstOf(f.jmMemory, f.memory), "taskManager": firstOf(f.tmMemory, f.memory)} {
		if mb > 0 {
			add(flinkProfile+role+".memory", mb)
		}
		if f.cpu > 0 {
			add(flinkProfile+role+".cpu", f.cpu)
		}
	}
	for _, text := range f.sets {
		path, value, given := strings.Cut(text, "=")
		if !given || path == "" || slices.Contains(strings.Split(path, "."), "") {
			return nil, usage("for example --set properties.clusterProfile.prometheusProfile.enabled=true", "--set %q is no path=value", text)
		}
		var v any = value
		if json.Unmarshal([]byte(value), &v) != nil {
			v = value
		}
		add(path, v)
	}
	return all, nil
}

// change reads a resource, changes it, and writes it if it is still the same.
func (s *session) change(ctx context.Context, at string, tags map[string]string, changes []change) error {
	a, err := s.do(ctx, request{method: http.MethodGet, path: at})
	if err != nil {
		return err
	}
	body, err := declared(a.body)
	if err != nil {
		return err
	}
	if len(tags) > 0 {
		body["tags"] = tags
	}
	for _, c := range changes {
		if err := c.apply(body); err != nil {
			return err
		}
	}
	return s.send(ctx, http.MethodPut, at, body, ifMatch(a.header.Get("ETag")))
}

// ifMatch makes a change depend on what was read; nothing if it had no tag.
func ifMatch(etag string) http.Header {
	if etag == "" {
		return nil
	}
	return http.Header{"If-Match": {etag}}
}

func (c change) apply(body map[string]any) error {
	at := body
	for i, name := range c.path[:len(c.path)-1] {
		below, ok := at[name].(map[string]any)
		if !ok {
			if at[name] != nil {
				return usage("a list is set as a whole, as JSON", "%s is no object", strings.Join(c.path[:i+1], "."))
			}
			below = map[string]any{}
			at[name] = below
		}
		at = below
	}
	last := c.path[len(c.path)-1]
	if c.value == nil {
		delete(at, last)
		return nil
	}
	at[last] = c.value
	return nil
}

func (a *app) clusterResize() *cobra.Command {
	return a.verb("resize CLUSTER WORKERS", "Change the number of worker nodes; without numReplicas that is the number of TaskManagers", "  drey cluster resize orders 4",
		func(ctx context.Context, s *session, args []string) error {
			workers, err := strconv.ParseUint(args[1], 10, 31)
			if err != nil {
				return usage("for example 4", "%q is no number of workers", args[1])
			}
			return what(s.resize(ctx, args[0], int(workers)), "Cannot resize cluster %q", args[0])
		})
}

func (s *session) resize(ctx context.Context, name string, workers int) error {
	c, _, err := s.cluster(ctx, name)
	if err != nil {
		return err
	}
	at, err := s.clusterPath(name)
	if err != nil {
		return err
	}
	body := map[string]any{"location": c.Location, "properties": map[string]any{"targetWorkerNodeCount": workers}}
	if err := s.send(ctx, http.MethodPost, at+"/resize", body, nil); err != nil || s.flags.noWait {
		return s.saying(ctx, name, err)
	}
	return s.showCluster(ctx, name)
}

func (a *app) clusterExport() *cobra.Command {
	return a.verb("export CLUSTER", "Print a cluster as a file for `drey apply`: YAML, or ARM's JSON with -o json", "  drey cluster export orders > orders.yaml\n  drey cluster export orders -o json > orders.json",
		func(ctx context.Context, s *session, args []string) error {
			_, raw, err := s.cluster(ctx, args[0])
			if err != nil {
				return what(err, "Cannot export cluster %q", args[0])
			}
			doc, err := exported(raw, s.conn.Pool)
			if err != nil {
				return err
			}
			if s.flags.query == "" && (s.form() == outTable || s.form() == outWide) {
				return s.asYAML(doc)
			}
			return s.print(result{data: doc, name: fmt.Sprint(doc.Name), rows: [][]any{{doc.Name}}})
		})
}
