package daemon

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"drey/internal/flink"
	"drey/internal/runtime"
	"drey/internal/runtime/local"
)

// How long a training run may take. It has the machine's idle time only.
const (
	trainingTime = 10 * time.Minute
	trainingPoll = 100 * time.Millisecond
)

// jobJar is the file, in the folder of a training run, that stands for the job's jar.
const jobJar = "job.jar"

// training is one run of a small cluster whose processes leave archives when they are asked to end.
type training struct {
	*archives
	source flink.ArchiveSource
	dir    string // where it runs
	out    string // where the archives go
}

// trainee is one process of it.
type trainee struct {
	role    string
	archive string
	log     string
	child   *local.Child
}

// run runs it, and leaves no process behind.
func (t training) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, trainingTime)
	defer cancel()
	plan, err := t.plan()
	if err != nil {
		return err
	}
	rendered, err := flink.Render(plan)
	if err != nil {
		return fmt.Errorf("cannot render the training run: %w", err)
	}
	if err := t.furnish(plan, rendered); err != nil {
		return fmt.Errorf("cannot prepare the training run: %w", err)
	}
	var all []trainee
	defer func() {
		for _, one := range all {
			one.child.Kill()
		}
	}()
	for _, p := range rendered.Processes {
		one, err := t.start(plan.Incarnation, processDir(plan.Folders, p), p)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	if err := t.await(ctx, all, filepath.Join(plan.Folders.Gate, "ready")); err != nil {
		return err
	}
	t.ask(ctx, plan)
	return finish(ctx, all)
}

// plan is laid out as the local runtime does it, but for our jar: a JVM takes an archive only if each jar of its class path is
// the file it was, or a hard link to it, so it is where it stays when the training run is gone.
func (t training) plan() (flink.Plan, error) {
	d, err := t.dists.Show(t.source.Flink)
	if err != nil {
		return flink.Plan{}, err
	}
	const host = "127.0.0.1"
	ports, err := freePorts(host)
	if err != nil {
		return flink.Plan{}, err
	}
	in := func(name string) string { return filepath.Join(t.dir, name) }
	jars, gateJar := filepath.Split(t.jar.Path)
	job, err := filepath.Rel(jars, in(jobJar))
	if err != nil {
		return flink.Plan{}, err
	}
	folders := flink.Folders{
		Host: host, Java: t.java.Path, Distribution: d.Path, Lib: t.source.Lib, Opt: filepath.Join(d.Path, "opt"),
		Conf: in("conf"), Jars: filepath.Clean(jars), Plugins: in("plugins"), Gate: in("gate"), Work: in("work"),
	}
	state := "file://" + in("state")
	plan := flink.TrainingPlan(t.source.Flink, job, gateJar)
	plan.Incarnation, plan.Ports, plan.Folders = strings.ReplaceAll(guid(), "-", ""), ports, folders
	plan.Storage = flink.Storage{Checkpoints: state, Savepoints: state, Root: in("storage")}
	return plan, nil
}

// furnish lays down what the processes find.
func (t training) furnish(plan flink.Plan, rendered flink.Rendered) error {
	f, plugin := plan.Folders, filepath.Join(plan.Folders.Plugins, "drey-fs")
	folders := []string{t.out, f.Conf, plugin, f.Gate}
	for _, p := range rendered.Processes {
		folders = append(folders, processDir(f, p))
	}
	for _, dir := range folders {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	for _, file := range rendered.Files {
		if err := os.WriteFile(filepath.Join(f.Conf, file.Name), []byte(file.Content.Reveal()), file.Mode); err != nil {
			return err
		}
	}
	if err := os.Link(t.jar.Path, filepath.Join(plugin, plan.GateJar)); err != nil {
		return err
	}
	return emptyJar(filepath.Join(t.dir, jobJar))
}

// emptyJar stands for the job's: with one, Flink takes the way it takes for jobs.
func emptyJar(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	jar := zip.NewWriter(f)
	w, err := jar.Create("META-INF/MANIFEST.MF")
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte("Manifest-Version: 1.0\r\n\r\n")); err != nil {
		return err
	}
	return jar.Close()
}

func processDir(f flink.Folders, p flink.Process) string {
	return filepath.Join(f.Work, p.Role+"-"+strconv.Itoa(p.Index))
}

// start starts one process, with the flags to leave an archive behind.
func (t training) start(incarnation, dir string, p flink.Process) (trainee, error) {
	one := trainee{role: p.Role, archive: filepath.Join(t.out, p.Role+t.java.ArchiveSuffix()), log: filepath.Join(t.dir, p.Role+".log")}
	output, err := os.Create(one.log)
	if err != nil {
		return one, fmt.Errorf("cannot make a log: %w", err)
	}
	defer output.Close()
	one.child, err = t.runtime.StartChild(runtime.IncarnationID(incarnation), runtime.Process{
		ProcessID: runtime.ProcessID{Role: runtime.Role(p.Role), Index: p.Index},
		Args:      slices.Insert(slices.Clone(p.Args), 1, flink.DumpArgs(one.archive)...), Env: p.Env, MemoryMB: p.MemoryMB,
	}, dir, output)
	return one, err
}

// await waits until a file is there.
func (t training) await(ctx context.Context, all []trainee, file string) error {
	tick := time.NewTicker(trainingPoll)
	defer tick.Stop()
	for {
		if _, err := os.Stat(file); err == nil {
			return nil
		}
		for _, one := range all {
			select {
			case <-one.child.Ended():
				return one.failure("ended in a training run")
			default:
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the training run is not ready yet: %w", ctx.Err())
		}
	}
}

// ask asks what the watcher and the steps of operations ask. The answers do not matter, the classes that make them do.
func (t training) ask(ctx context.Context, plan flink.Plan) {
	client := flink.New("http://"+net.JoinHostPort(plan.Folders.Host, strconv.Itoa(plan.Ports.REST)), nil)
	_, _ = client.Overview(ctx)
	jobs, _ := client.JobsOverview(ctx)
	for _, job := range jobs {
		_, _ = client.JobStatus(ctx, job.ID)
		_, _ = client.JobDetails(ctx, job.ID)
		_, _ = client.Checkpoints(ctx, job.ID)
		_, _ = client.Exceptions(ctx, job.ID)
	}
}

// finish asks all to end at once, waits, and looks at what they left.
func finish(ctx context.Context, all []trainee) error {
	var failed []error
	for _, one := range all {
		failed = append(failed, one.child.Terminate())
	}
	for _, one := range all {
		select {
		case <-one.child.Ended():
		case <-ctx.Done():
			return fmt.Errorf("the %s does not end: %w", one.role, ctx.Err())
		}
		if _, err := os.Stat(one.archive); err != nil {
			failed = append(failed, one.failure("left no archive"))
		}
	}
	return errors.Join(failed...)
}

// failure says what a process did wrong, with the likely cause from its log.
func (t trainee) failure(what string) error {
	text, _ := os.ReadFile(t.log)
	tail := text[max(0, len(text)-16<<10):]
	return fmt.Errorf("the %s %s: %s", t.role, what, flink.DiagnoseExit(flink.Exit{Role: t.role, Code: 1}, string(tail)).Message)
}

// freePorts takes two ports that nobody has now. Somebody may take one before Flink does: then there is no archive this time.
func freePorts(host string) (flink.Ports, error) {
	var ports [2]int
	for i := range ports {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return flink.Ports{}, fmt.Errorf("cannot find a free port: %w", err)
		}
		defer l.Close() // only after both, so that they differ
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return flink.Ports{RPC: ports[0], REST: ports[1]}, nil
}
