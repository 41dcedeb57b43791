package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// The API over many simulated clusters: what it costs to keep them, and how soon it answers beside that.

const (
	apiPools   = 50
	apiSettles = 15 * time.Second // before anything is measured
	apiLasts   = 20 * time.Second // of each load
	apiIdle    = 30 * time.Second // of each look at what is used
)

// apiConfig is the default, without the limits on one principal: the generator is one, and stands for many.
const apiConfig = `listen: 127.0.0.1:0
log: {level: warn}
gate: {minimumSeconds: 0}
archives: false
http: {readsPerSecond: 100000, readBurst: 100000, writesPerSecond: 100000, writeBurst: 100000, requestsAtOnce: 4096, requestsAtOnceEach: 4096}
`

// fleet is a server with many clusters.
type fleet struct {
	*process
	*api
	dir, data string
	clusters  int
}

func (f *fleet) pool(i int) string {
	return fmt.Sprintf("%s/clusterpools/p%02d", f.group, i%apiPools)
}

func (f *fleet) cluster(i int) string { return fmt.Sprintf("%s/clusters/c%05d", f.pool(i), i) }

// any is some cluster.
func (f *fleet) any() string { return f.cluster(rand.IntN(f.clusters)) }

func measureAPI(ctx context.Context, dir string, most int) (string, error) {
	f := &fleet{dir: dir, data: filepath.Join(dir, "data")}
	if err := f.serve(ctx); err != nil {
		return "", err
	}
	defer f.end()
	if err := f.prepare(ctx); err != nil {
		return "", err
	}
	var t text
	t.say("%s: load average %s at the beginning. Simulated clusters in %d pools; generator, server and the process of the",
		setting("make bench-api"), load(), apiPools)
	t.say("simulated clusters share the cores. Open loop: each latency is counted from the moment the request should have begun.\n")
	t.say("| clusters | made, a second | server, MiB | simulation, MiB | database, MiB | server, cores | simulation, cores | none answers: server, cores |")
	t.say("|---|---|---|---|---|---|---|---|")
	var loads []string
	for _, n := range []int{most / 10, most} {
		row, err := f.size(ctx, n)
		if err != nil {
			return "", err
		}
		t.say("%s", row)
		if loads, err = f.loads(ctx); err != nil {
			return "", err
		}
	}
	t.say("\nGoals: 350 MiB, half a core, the same when none answers, and ten times as much for ten times as many at most.\n")
	t.say("| load, with %d clusters | n | p50, ms | p99, ms | most, ms | failed | goal |", most)
	t.say("|---|---|---|---|---|---|---|")
	for _, row := range loads {
		t.say("%s", row)
	}
	row, err := f.restart(ctx)
	t.say("\n%s", row)
	return t.String(), err
}

// serve starts the server.
func (f *fleet) serve(ctx context.Context) (err error) {
	config := filepath.Join(f.dir, "config.yaml")
	if err := os.WriteFile(config, []byte(apiConfig), 0o600); err != nil {
		return err
	}
	if f.process, err = start(exec.Command(bin(), "serve", "--dev", "--data", f.data, "--config", config)); err != nil {
		return err
	}
	f.api, err = dial(ctx, f.data)
	return err
}

func (f *fleet) end() {
	f.stop()
	_ = exec.Command(bin(), "down", "--data", f.data).Run()
}

// prepare makes the pools and the jar.
func (f *fleet) prepare(ctx context.Context) error {
	for i := range apiPools {
		body := map[string]any{"location": "simulated", "properties": map[string]any{"computeProfile": map[string]any{"vmSize": "Standard_D4s_v5"}}}
		if _, err := f.send(ctx, http.MethodPut, f.pool(i), publishedVersion, body); err != nil {
			return err
		}
	}
	jar, err := tinyJar()
	if err != nil {
		return err
	}
	file := filepath.Join(f.dir, "job.jar")
	if err := os.WriteFile(file, jar, 0o600); err != nil {
		return err
	}
	_, err = (&server{process: f.process, data: f.data}).cli(ctx, "storage", "put", file, "abfs://jobs@local.dfs.core.windows.net/job.jar")
	return err
}

// tinyJar has one class, of which only the name is looked at.
func tinyJar() ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	_, err := z.Create("Job.class")
	err = errors.Join(err, z.Close())
	return out.Bytes(), err
}

// declaration of a cluster, in our version, since the published ones ignore flinkConfiguration: checkpoints are so rare that the simulation
// does not measure the disk.
func declaration() map[string]any {
	role := map[string]any{"cpu": 1, "memory": 2000}
	return map[string]any{"location": "simulated", "properties": map[string]any{
		"clusterType":    "Flink",
		"computeProfile": map[string]any{"nodes": []any{map[string]any{"type": "Worker", "vmSize": "Standard_D8ds_v5", "count": 1}}},
		"clusterProfile": map[string]any{"clusterVersion": "1.2.2", "ossVersion": "2.3.0", "authorizationProfile": map[string]any{}, "flinkProfile": map[string]any{
			"storage": map[string]any{"storageUri": "abfs://flink@local.dfs.core.windows.net"}, "numReplicas": 1, "deploymentMode": "Application",
			"jobManager": role, "taskManager": role, "flinkConfiguration": map[string]any{"execution.checkpointing.interval": "1 h"},
			"jobSpec": map[string]any{"jobJarDirectory": "abfs://jobs@local.dfs.core.windows.net", "jarName": "job.jar", "entryClass": "Job", "upgradeMode": "UPDATE"},
		}},
	}}
}

// size brings the fleet to n clusters and looks at what they cost when nobody asks for anything.
func (f *fleet) size(ctx context.Context, n int) (string, error) {
	begin, had := time.Now(), f.clusters
	if err := f.fill(ctx, n); err != nil {
		return "", err
	}
	rate := float64(n-had) / time.Since(begin).Seconds()
	time.Sleep(apiSettles)
	simulation, err := f.simulation()
	if err != nil {
		return "", err
	}
	ours, err := size(f.cmd.Process.Pid)
	if err != nil {
		return "", err
	}
	theirs, err := size(simulation)
	if err != nil {
		return "", err
	}
	used := cores(apiIdle, f.cmd.Process.Pid, simulation)
	if err := syscall.Kill(simulation, syscall.SIGSTOP); err != nil {
		return "", err
	}
	time.Sleep(apiSettles)
	silent := cores(apiIdle, f.cmd.Process.Pid)
	if err := syscall.Kill(simulation, syscall.SIGCONT); err != nil {
		return "", err
	}
	time.Sleep(apiSettles)
	return fmt.Sprintf("| %d | %.0f | %.0f | %.0f | %.0f | %.2f | %.2f | %.2f |", n, rate, ours, theirs, f.databaseMiB(), used[0], used[1], silent[0]), nil
}

// fill makes clusters until there are n, and waits until all run.
func (f *fleet) fill(ctx context.Context, n int) error {
	fmt.Printf("making %d clusters\n", n-f.clusters)
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(32)
	for i := f.clusters; i < n; i++ {
		g.Go(func() error {
			_, err := f.send(each, http.MethodPut, f.cluster(i), ourVersion, declaration())
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	f.clusters = n
	return until(ctx, 10*time.Minute, time.Second, func() (bool, error) {
		states := map[string]int{}
		err := f.walk(ctx, func(c listed) { states[c.Properties.ProvisioningState]++ })
		if states["Failed"] > 0 {
			err = errors.Join(err, fmt.Errorf("%d clusters cannot be created", states["Failed"]))
		}
		return states["Succeeded"] == n, err
	})
}

type listed struct {
	Properties struct {
		ProvisioningState string `json:"provisioningState"`
		Observed          struct {
			At time.Time `json:"at"`
		} `json:"observed"`
	} `json:"properties"`
}

func (f *fleet) walk(ctx context.Context, each func(listed)) error {
	for i := range apiPools {
		for next := f.pool(i) + "/clusters"; next != ""; {
			raw, err := f.send(ctx, http.MethodGet, next, ourVersion, nil)
			if err != nil {
				return err
			}
			var page struct {
				Value    []listed `json:"value"`
				NextLink string   `json:"nextLink"`
			}
			if err := json.Unmarshal(raw, &page); err != nil {
				return err
			}
			for _, c := range page.Value {
				each(c)
			}
			next = page.NextLink
		}
	}
	return nil
}

// simulation is the pid of the process of the simulated clusters.
func (f *fleet) simulation() (int, error) {
	raw, err := os.ReadFile(filepath.Join(f.data, "simulated", "server.lock"))
	if err != nil {
		return 0, err
	}
	var owner struct{ PID int }
	err = json.Unmarshal(raw, &owner)
	return owner.PID, err
}

func (f *fleet) databaseMiB() float64 {
	info, err := os.Stat(filepath.Join(f.data, "drey.db"))
	if err != nil {
		return 0
	}
	return float64(info.Size()) / (1 << 20)
}

// loads are those that the fleet is put under.
func (f *fleet) loads(ctx context.Context) (rows []string, err error) {
	get := func(ctx context.Context, _ int) error {
		_, err := f.send(ctx, http.MethodGet, f.any(), publishedVersion, nil)
		return err
	}
	list := func(ctx context.Context, i int) error {
		_, err := f.send(ctx, http.MethodGet, f.pool(i)+"/clusters?$top=100", publishedVersion, nil)
		return err
	}
	all := []struct {
		openLoop
		goal string
	}{
		{openLoop{"GET a cluster, 1,000/s", 1000, apiLasts, get}, "p99 ≤ 20"},
		{openLoop{"LIST 100 clusters, 100/s", 100, apiLasts, list}, "p99 ≤ 60"},
		{openLoop{"PUT of tags and savepoints, 150/s", 150, apiLasts, f.change}, "p99 ≤ 100"},
		{openLoop{"the same, 500 within a second", 500, time.Second, f.change}, "no loss"},
	}
	for _, l := range all {
		fmt.Println(l.name)
		seen := l.run(ctx)
		rows = append(rows, seen.row(l.name, l.goal))
		if len(seen.failures) > 0 {
			fmt.Println(errors.Join(seen.failures[:min(3, len(seen.failures))]...))
		}
		time.Sleep(apiSettles)
	}
	return rows, ctx.Err()
}

// change asks for something that is written down: tags of one cluster, a savepoint of another. No cluster is asked twice in a load.
func (f *fleet) change(ctx context.Context, i int) error {
	at := f.cluster((f.next() + i) % f.clusters)
	if i%2 == 0 {
		_, err := f.send(ctx, http.MethodPatch, at, publishedVersion, map[string]any{"tags": map[string]any{"round": fmt.Sprint(rand.Int())}})
		return err
	}
	job := map[string]any{"properties": map[string]any{"jobType": "FlinkJob", "action": "SAVEPOINT"}}
	_, err := f.send(ctx, http.MethodPost, at+"/runJob", publishedVersion, job)
	return err
}

var offset = sync.OnceValue(func() int { return rand.IntN(1 << 20) })

func (f *fleet) next() int { return offset() }

// restart ends the server and starts another one: until it reads, and until it has seen every cluster.
func (f *fleet) restart(ctx context.Context) (string, error) {
	f.stop()
	begin := time.Now()
	if err := f.serve(ctx); err != nil {
		return "", err
	}
	if _, err := f.send(ctx, http.MethodGet, f.any(), publishedVersion, nil); err != nil {
		return "", err
	}
	reads := time.Since(begin)
	err := until(ctx, 2*time.Minute, 500*time.Millisecond, func() (bool, error) {
		old := 0
		err := f.walk(ctx, func(c listed) {
			if c.Properties.Observed.At.Before(begin) {
				old++
			}
		})
		return old == 0, err
	})
	var b strings.Builder
	fmt.Fprintf(&b, "A server that starts over %d clusters answers a GET after %.2f s (goal 1) and has seen each of them after %.1f s (goal 20).", f.clusters, reads.Seconds(), time.Since(begin).Seconds())
	return b.String(), err
}
