package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what a server does. No label can grow without bound: none is a name that callers choose. docs/metrics.md lists
// all of them. Every method may be called on nil, and then does nothing.
type Metrics struct {
	registry *prometheus.Registry

	requests    *prometheus.HistogramVec
	refused     *prometheus.CounterVec
	connections prometheus.Gauge
	commits     *prometheus.HistogramVec
	turns       *prometheus.CounterVec
	troubles    *prometheus.CounterVec
	operations  *prometheus.HistogramVec
	gaps        *prometheus.HistogramVec
	gapParts    *prometheus.HistogramVec
	flink       *prometheus.HistogramVec
	looked      *prometheus.GaugeVec
	panics      *prometheus.CounterVec
}

var (
	quick = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
	slow  = []float64{.1, .25, .5, .75, 1, 2.5, 5, 10, 30, 60, 300, 1200}
)

// New makes Metrics of a server of this version, with those of the Go runtime and the process.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.requests = m.histogram("http_request_duration_seconds", "Time to answer a request, by pattern of its route.", quick, "route", "method", "status")
	m.refused = m.counter("http_refusals_total", "Requests and connections refused by a limit of http.*, by what there was too much of.", "reason")
	m.connections = m.gauge("http_connections", "Open connections of the API.").WithLabelValues()
	m.commits = m.histogram("store_commit_duration_seconds", "Time to commit a change of the database.", quick, "outcome")
	m.turns = m.counter("operation_turns_total", "Turns taken by steps of operations.", "kind")
	m.troubles = m.counter("operation_troubles_total", "Turns that met an error and are taken again.", "kind", "step")
	m.operations = m.histogram("operation_duration_seconds", "Time from the acceptance of an operation to its end.", slow, "kind", "outcome")
	m.gaps = m.histogram("job_gap_seconds", "Time that a job was not processing around a start, by the kind of the operation that started it.", slow, "kind")
	m.gapParts = m.histogram("job_gap_part_seconds", "What those times were made of.", slow, "part")
	m.flink = m.histogram("flink_request_duration_seconds", "Time of REST calls to JobManagers.", quick, "outcome")
	m.looked = m.gauge("watcher_last_look_timestamp_seconds", "When the watcher last went through what is due to be looked at on a target.", "target")
	m.panics = m.counter("panics_total", "Panics that were caught.", "where")
	m.gauge("build_info", "Constant 1.", "version").WithLabelValues(version).Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	c := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	c := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(c)
	return c
}

const namespace = "drey"

// Handler answers them to a Prometheus server. What cannot be found out now is left out.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Request counts an answered request. route is its pattern, "" if it has none; then neither it nor its method is known.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	if route == "" {
		route, method = "none", "any"
	}
	m.requests.WithLabelValues(route, method, class(status)).Observe(took.Seconds())
}

// class is the status's hundreds: "2xx".
func class(status int) string { return strconv.Itoa(status/100) + "xx" }

// Refuse counts what a limit refused.
func (m *Metrics) Refuse(reason string) {
	if m != nil {
		m.refused.WithLabelValues(reason).Inc()
	}
}

// Connect counts open connections up (1) and down (-1).
func (m *Metrics) Connect(by int) {
	if m != nil {
		m.connections.Add(float64(by))
	}
}

// Commit counts a commit of the store.
func (m *Metrics) Commit(took time.Duration, err error) {
	if m == nil {
		return
	}
	outcome := "done"
	if err != nil {
		outcome = "failed"
	}
	m.commits.WithLabelValues(outcome).Observe(took.Seconds())
}

// Turn counts a turn of an operation. It allocates nothing.
func (m *Metrics) Turn(kind string) {
	if m != nil {
		m.turns.WithLabelValues(kind).Inc()
	}
}

// Trouble counts a turn that is taken again.
func (m *Metrics) Trouble(kind, step string) {
	if m != nil {
		m.troubles.WithLabelValues(kind, step).Inc()
	}
}

// Operation counts an operation that ended.
func (m *Metrics) Operation(kind, outcome string, took time.Duration) {
	if m != nil {
		m.operations.WithLabelValues(kind, outcome).Observe(took.Seconds())
	}
}

// Gap counts how long a start kept a job from processing.
func (m *Metrics) Gap(kind string, total time.Duration) {
	if m != nil {
		m.gaps.WithLabelValues(kind).Observe(total.Seconds())
	}
}

// GapPart counts one part of a gap.
func (m *Metrics) GapPart(part string, took time.Duration) {
	if m != nil {
		m.gapParts.WithLabelValues(part).Observe(took.Seconds())
	}
}

// Looked notes that the watcher went through what is due on a target.
func (m *Metrics) Looked(target string, at time.Time) {
	if m != nil {
		m.looked.WithLabelValues(target).Set(float64(at.UnixMilli()) / 1000)
	}
}

// Panic counts a panic that was caught: in a request, or in a step.
func (m *Metrics) Panic(where string) {
	if m != nil {
		m.panics.WithLabelValues(where).Inc()
	}
}

// Transport counts the calls of clients of JobManagers that use next.
func (m *Metrics) Transport(next http.RoundTripper) http.RoundTripper {
	if m == nil {
		return next
	}
	return transport{m, next}
}

type transport struct {
	*Metrics
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	answer, err := t.next.RoundTrip(r)
	outcome := "unreachable"
	if err == nil {
		outcome = class(answer.StatusCode)
	}
	t.flink.WithLabelValues(outcome).Observe(time.Since(began).Seconds())
	return answer, err
}
