package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20261101"
)

// createFlags are what `cluster create` can be told.
type createFlags struct {
	jar, class, argText, version, savepoint, storage, location string
	args, conf, tags                                           []string
	taskManagers, slots, parallelism                           int
	memory, jmMemory, tmMemory                                 int64
	cpu                                                        float64
}

const (
	jarsContainer  = "abfs://jobs@local.dfs.core.windows.net"
	defaultStorage = "abfs://flink@local.dfs.core.windows.net"
	smallMB        = 768  // what the CLI asks for each process where the server allows so little
	publishedMB    = 1800 // the least elsewhere
)

func (a *app) clusterCreate() *cobra.Command {
	var f createFlags
	c := a.verb("create NAME --jar PATH_OR_URI", "Create a cluster and wait until its job runs", `  drey cluster create orders --jar target/orders.jar
  drey cluster create orders --jar orders.jar --class com.example.Orders --arg --rate --arg 100
  drey cluster create orders --jar abfs://flink@teststorage.dfs.core.windows.net/appmode/job.jar --conf execution.checkpointing.interval=10s
  drey cluster create orders --jar orders.jar --savepoint savepoint-1a2b3c-4d5e6f7a8b9c`,
		func(ctx context.Context, s *session, args []string) error {
			if f.jar == "" {
				return usage("for example --jar target/job.jar", "--jar is missing")
			}
			return what(s.createCluster(ctx, args[0], f), "Cannot create cluster %q", args[0])
		})
	c.Long = "Creates an application-mode cluster: a Flink cluster of its own for one job. A jar on this machine is uploaded first."
	fl := c.Flags()
	fl.StringVar(&f.jar, "jar", "", "the job's jar, or a SQL script (.sql) or Python program (.py): a `file` of this machine, or a URI")
	fl.StringVar(&f.class, "class", "", "entry `class`; absent: the jar's Main-Class")
	fl.StringArrayVar(&f.args, "arg", nil, "one `argument` of main(); repeated for more")
	fl.StringVar(&f.argText, "args", "", "all arguments of main() as one `text`")
	fl.StringArrayVar(&f.conf, "conf", nil, "Flink configuration, `key=value`; repeated for more")
	fl.StringArrayVar(&f.tags, "tag", nil, "tag, `key=value`; repeated for more")
	fl.StringVar(&f.version, "flink-version", "", "Flink `version`; absent: the newest installed")
	fl.StringVar(&f.savepoint, "savepoint", "", "`name or URI` of a savepoint to start from")
	fl.StringVar(&f.storage, "storage-uri", defaultStorage, "container for state, `URI`")
	fl.StringVar(&f.location, "location", "", "`location`; absent: the pool's")
	fl.IntVar(&f.taskManagers, "task-managers", 1, "number of TaskManagers")
	fl.IntVar(&f.slots, "slots", 0, "slots of each TaskManager")
	fl.IntVar(&f.parallelism, "parallelism", 0, "parallelism of the job")
	fl.Int64Var(&f.memory, "memory", 0, "memory of each process, in `MB`")
	fl.Int64Var(&f.jmMemory, "job-manager-memory", 0, "memory of the JobManager, in `MB`")
	fl.Int64Var(&f.tmMemory, "task-manager-memory", 0, "memory of each TaskManager, in `MB`")
	fl.Float64Var(&f.cpu, "cpu", 1, "CPUs of each process")
	return c
}

func (s *session) createCluster(ctx context.Context, name string, f createFlags) error {
	body, err := s.clusterBody(ctx, name, f)
	if err != nil {
		return err
	}
	at, err := s.clusterPath(name)
	if err != nil {
		return err
	}
	if err := s.send(ctx, http.MethodPut, at, body, http.Header{"If-None-Match": {"*"}}); err != nil || s.flags.noWait {
		return err
	}
	return s.showCluster(ctx, name)
}

// clusterBody is the declaration of a cluster; a jar on this machine is uploaded for it.
func (s *session) clusterBody(ctx context.Context, name string, f createFlags) (map[string]any, error) {
	about, err := s.about(ctx)
	if err != nil {
		return nil, err
	}
	location := f.location
	if location == "" {
		in, _, err := s.pool(ctx, nil)
		if err != nil {
			return nil, err
		}
		location = in.Location
	}
	version := f.version
	if version == "" {
		installed := installedAt(about, location)
		if len(installed) == 0 {
			return nil, &failure{Code: "OssVersionNotAvailable", Exit: exitFailed, Why: "no Flink is installed on the server", Hint: "drey distribution install 2.3.0"}
		}
		version = installed[len(installed)-1]
	}
	conf, err := pairs("--conf", f.conf)
	if err != nil {
		return nil, err
	}
	if f.slots > 0 {
		conf["taskmanager.numberOfTaskSlots"] = fmt.Sprint(f.slots)
	}
	if f.parallelism > 0 {
		conf["parallelism.default"] = fmt.Sprint(f.parallelism)
	}
	tags, err := pairs("--tag", f.tags)
	if err != nil {
		return nil, err
	}
	args, given, err := f.arguments()
	if err != nil {
		return nil, err
	}
	jar, err := s.jarURI(ctx, name, f.jar)
	if err != nil {
		return nil, err
	}
	cut := strings.LastIndexByte(jar, '/')
	job := map[string]any{"jobJarDirectory": jar[:max(cut, 0)], "jarName": jar[cut+1:], "upgradeMode": "UPDATE"}
	put(job, "entryClass", f.class)
	put(job, "savePointName", f.savepoint)
	if given {
		job["args"] = args
	}
	least := max(about.MinMemoryMB, smallMB)
	if about.MinMemoryMB >= publishedMB {
		least = about.MinMemoryMB
	}
	flink := map[string]any{
		"storage": map[string]any{"storageUri": f.storage}, "numReplicas": f.taskManagers, "deploymentMode": "Application", "jobSpec": job,
		"jobManager":  map[string]any{"cpu": f.cpu, "memory": firstOf(f.jmMemory, f.memory, least)},
		"taskManager": map[string]any{"cpu": f.cpu, "memory": firstOf(f.tmMemory, f.memory, least)},
	}
	if len(conf) > 0 {
		flink["flinkConfiguration"] = conf
	}
	body := map[string]any{"location": location, "properties": map[string]any{
		"clusterType":    "Flink",
		"computeProfile": map[string]any{"nodes": []any{map[string]any{"type": "Worker", "vmSize": "Standard_D4s_v5", "count": f.taskManagers}}},
		"clusterProfile": map[string]any{"clusterVersion": "1.2.2", "ossVersion": version, "authorizationProfile": map[string]any{}, "flinkProfile": flink},
	}}
	if len(tags) > 0 {
		body["tags"] = tags
	}
	return body, nil
}

// installedAt are the versions of Flink that run at a location, from old to new.
func installedAt(about v20261101.About, location string) []string {
	for _, t := range about.Targets {
		if t.Name == location {
			return t.Distributions
		}
	}
	return about.Distributions
}

func put(m map[string]any, key, value string) {
	if value != "" {
		m[key] = value
	}
}

func firstOf(numbers ...int64) int64 {
	for _, n := range numbers {
		if n > 0 {
			return n
		}
	}
	return 0
}

func (f createFlags) arguments() (string, bool, error) { return joinArgs(f.argText, f.args) }

// joinArgs is the text that the server splits into main()'s arguments (R20); given says whether there is any.
func joinArgs(text string, list []string) (joined string, given bool, err error) {
	words := []string{}
	if text != "" {
		words = append(words, text)
	}
	for _, arg := range list {
		word, ok := quoted(arg)
		if !ok {
			return "", false, usage("pass it to the job in another way, for example in a file",
				"--arg %q: it has both kinds of quotes before blanks, which no argument of a job can have", arg)
		}
		words = append(words, word)
	}
	return strings.Join(words, " "), len(words) > 0, nil
}

const blanks = " \t\n\r"

// quoted puts an argument into quotes if it needs them. The first quote of its kind that ends a word closes it, so the
// argument may have that quote anywhere but before a blank.
func quoted(arg string) (word string, ok bool) {
	if arg != "" && !strings.ContainsAny(arg, blanks) && !strings.HasPrefix(arg, `"`) && !strings.HasPrefix(arg, "'") {
		return arg, true
	}
	for _, quote := range []string{`"`, "'"} {
		if !endsAWord(arg, quote) {
			return quote + arg + quote, true
		}
	}
	return "", false
}

func endsAWord(arg, quote string) bool {
	for i := range len(arg) - 1 {
		if arg[i] == quote[0] && strings.IndexByte(blanks, arg[i+1]) >= 0 {
			return true
		}
	}
	return false
}

// pairs reads key=value texts.
func pairs(flag string, list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, text := range list {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return nil, usage("for example "+flag+" key=value", "%s %q is no key=value", flag, text)
		}
		m[key] = value
	}
	return m, nil
}

// jarURI is where the job's jar lies for the server.
func (s *session) jarURI(ctx context.Context, name, jar string) (string, error) {
	if strings.Contains(jar, "://") {
		return jar, nil
	}
	info, err := os.Stat(jar)
	if err != nil || info.IsDir() {
		return "", usage("build it first, or give a URI such as abfs://container@account.dfs.core.windows.net/job.jar", "there is no jar %s on this machine", jar)
	}
	uri := jarsContainer + "/" + path.Join(url.PathEscape(name), url.PathEscape(filepath.Base(jar)))
	if s.flags.dryRun {
		s.note("would upload %s (%s) to %s", filepath.Base(jar), size(info.Size()), uri)
		return uri, nil
	}
	s.note("uploading %s (%s)", filepath.Base(jar), size(info.Size()))
	pool, err := s.poolPath()
	if err != nil {
		return "", err
	}
	_, err = s.upload(ctx, pool, uri, jar)
	return uri, err
}

// fileBody is a body read from a file, opened anew for each try.
func fileBody(name string) func() (io.ReadCloser, int64, error) {
	return func() (io.ReadCloser, int64, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, 0, err
		}
		info, err := f.Stat()
		if err != nil {
			_ = f.Close()
			return nil, 0, err
		}
		return f, info.Size(), nil
	}
}
