package simulated

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"drey/internal/flink/fake"
	"drey/internal/runtime"
	"drey/internal/storage"
)

// Flink makes programs that are JobManagers and TaskManagers.
type Flink struct {
	Storage   *storage.Mounts
	Behaviour fake.Behaviour // where a job's own configuration says nothing
	Began     func(*fake.Run)
	Over      func(*fake.Run)
	Stopped   func(job, savepoint string)
}

// Programs is for [Config].
func (f Flink) Programs(inc runtime.Incarnation) (Program, error) {
	config := configOf(inc)
	behaviour, err := fake.ParseBehaviour(f.Behaviour, config[fake.Key])
	if err != nil {
		return nil, err
	}
	return &application{
		rehearses: rehearses(inc), behaviour: behaviour,
		options: fake.Options{Version: inc.Distribution, Config: config, Storage: f.Storage, Behaviour: behaviour, Began: f.Began, Over: f.Over, Stopped: f.Stopped},
	}, nil
}

// used are the keys of a configuration that a simulated Flink goes by.
var used = []string{
	fake.Key, "execution.checkpointing.dir", "execution.checkpointing.interval", "execution.checkpointing.num-retained", "jobmanager.scheduler",
	"parallelism.default", "pipeline.name", "taskmanager.numberOfTaskSlots", "web.refresh-interval",
}

const configFile = "config.yaml"

// configOf reads config.yaml, as far as it is used: flat keys, everything quoted.
func configOf(inc runtime.Incarnation) map[string]string {
	config := map[string]string{}
	for _, f := range inc.Files {
		if f.Name != configFile {
			continue
		}
		for line := range strings.Lines(f.Content.Reveal()) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if key, err := strconv.Unquote(key); err == nil && slices.Contains(used, key) {
				config[key], _ = strconv.Unquote(value)
			}
		}
	}
	return config
}

// rehearses says whether the gate was told to call main() for its plan: by its arguments after "--", FOLDER PREPARE CLASS.
func rehearses(inc runtime.Incarnation) bool {
	for _, p := range inc.Processes {
		if at := slices.Index(p.Args, "--"); p.Gate && at >= 0 && len(p.Args) > at+2 {
			return strings.Contains(p.Args[at+2], "plan")
		}
	}
	return false
}

// application is an application cluster: a JobManager whose gate holds, and TaskManagers that offer it slots.
type application struct {
	rehearses bool
	behaviour fake.Behaviour
	options   fake.Options

	mu      sync.Mutex
	manager *fake.JobManager
	waiting []int // TaskManagers that were up before it
}

// Up implements [Program].
func (a *application) Up(p *Process) {
	if p.ID.Role == runtime.TaskManager {
		if m := a.meet(p.ID.Index); m != nil {
			m.Register(p.ID.Index)
		}
		return
	}
	o := a.options
	o.Print = func(line string) { p.Print(line + "\n") }
	o.Exit = func(code int) { go p.Exit(runtime.Exit{Code: code, OOM: code == 3}) }
	m := fake.New(o)
	p.Serve(m)
	if a.rehearses {
		p.Report(o.Report())
	}
	for _, index := range a.open(m) {
		m.Register(index)
	}
	time.AfterFunc(a.behaviour.Boot, p.Ready)
}

// meet is the JobManager; nil: it is not up, and will ask.
func (a *application) meet(index int) *fake.JobManager {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.manager == nil {
		a.waiting = append(a.waiting, index)
	}
	return a.manager
}

func (a *application) open(m *fake.JobManager) []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.manager = m
	return a.waiting
}

// Order implements [Program].
func (a *application) Order(p *Process, raw []byte) {
	var order fake.Order
	if err := json.Unmarshal(raw, &order); err != nil {
		p.Failed(fmt.Sprintf("java.lang.IllegalArgumentException: the order cannot be read: %v", err))
		return
	}
	a.met().Submit(order, func(main fake.Program) {
		switch {
		case main.Failure != "":
			p.Failed(main.Failure)
		case main.Job != "":
			p.Done(main.Job)
		default:
			p.Done()
		}
	})
}

func (a *application) met() *fake.JobManager {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.manager
}

// Down implements [Program].
func (a *application) Down(p *Process) {
	m := a.met()
	switch {
	case m == nil:
	case p.ID.Role == runtime.JobManager:
		m.Kill()
	default:
		m.Lose(p.ID.Index)
	}
}
