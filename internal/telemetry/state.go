package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State is what is asked for at each scrape rather than counted.
type State struct {
	Clusters   map[string]int // by phase
	Operations map[string]int // that have not ended, by state
	Targets    []Target
}

// Target is how it stands with a place to run.
type Target struct {
	Name      string
	Epoch     int64
	Owned     bool // by this server, now
	Elsewhere bool // another server owns it, and says so each second
}

// askTime bounds the question for the state; a scrape must not hang where the database does.
const askTime = 2 * time.Second

// Watch lets ask be asked at each scrape.
func (m *Metrics) Watch(ask func(context.Context) (State, error)) {
	m.registry.MustRegister(states{ask})
}

type states struct {
	ask func(context.Context) (State, error)
}

var (
	clusters   = description("clusters", "Clusters, by phase.", "phase")
	operations = description("operations", "Operations that have not ended, by state.", "state")
	epoch      = description("target_epoch", "Epoch under which this server took a target; it rises with each new owner.", "target")
	owned      = description("target_owned", "1 while this server may act on a target.", "target")
)

func description(name, help, label string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, []string{label}, nil)
}

// Describe implements [prometheus.Collector].
func (states) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{clusters, operations, epoch, owned} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (s states) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	state, err := s.ask(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(clusters, err)
		return
	}
	is := func(d *prometheus.Desc, value float64, label string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, label)
	}
	for phase, n := range state.Clusters {
		is(clusters, float64(n), phase)
	}
	for name, n := range state.Operations {
		is(operations, float64(n), name)
	}
	for _, t := range state.Targets {
		is(epoch, float64(t.Epoch), t.Name)
		mine := 0.0
		if t.Owned {
			mine = 1
		}
		is(owned, mine, t.Name)
	}
}
