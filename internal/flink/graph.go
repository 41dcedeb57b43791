package flink

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Limits of a report. A JobManager runs a user's code, which can write into the gate's folder: nothing in a report is trusted.
const (
	maxReport      = 1 << 20
	maxVertices    = 4096
	maxOperators   = 16384   // of all vertices
	maxParallelism = 1 << 15 // Flink's own
)

// Report is what the gate found out before it said that it was ready. Neither Failure nor Graph: main() ended without an execute().
type Report struct {
	At            time.Time
	Plan, WarmUp  time.Duration
	WarmUpFailure string // "" if the warm-up job came to its end, or was not asked for
	Failure       *ProgramFailure
	Graph         *JobGraph
}

// ProgramFailure is what the user's main() threw.
type ProgramFailure struct {
	Class   string
	Message string
	Stack   string // with its causes
}

// JobGraph is a job as it would be deployed, described before it was.
type JobGraph struct {
	Name     string
	Vertices []GraphVertex
}

// GraphVertex is a chain of operators that are deployed together. Its parallelism, and -1 for one that Flink chooses later.
type GraphVertex struct {
	ID             string // 32 lower-case hex digits
	Name           string
	Parallelism    int
	MaxParallelism int  // 0: the program sets none
	Fixed          bool // the program sets the parallelism; else it is the configuration's default
	Operators      []GraphOperator
}

// GraphOperator is one operator of a vertex.
type GraphOperator struct {
	ID             string // that its state is found by: the program's own hash (setUidHash) if it gave one
	GeneratedID    string // the one it writes state under, and is found by too; "" if it is ID because there is no hash
	UID            string // "" if the program gave none: its generated id then depends on its place in the graph
	Name           string
	Parallelism    int
	MaxParallelism int // 0: the program sets none
}

// ParseReport reads the gate's report (docs/decisions/0006). Texts are cleaned and clipped; a report that is larger, deeper or
// otherwise than the gate writes is an error.
func ParseReport(data []byte) (Report, error) {
	if len(data) > maxReport {
		return Report{}, fmt.Errorf("the gate's report is larger than %d bytes", maxReport)
	}
	var wire reportWire
	if err := json.Unmarshal(data, &wire); err != nil {
		return Report{}, fmt.Errorf("cannot read the gate's report: %w", err)
	}
	if wire.Failure != nil && wire.Graph != nil {
		return Report{}, errors.New("the gate's report has both a failure and a graph")
	}
	report := Report{
		At: fromMillis(wire.At), Plan: fromInterval(wire.PlanMillis), WarmUp: fromInterval(wire.WarmUpMillis),
		WarmUpFailure: clip(wire.WarmUpFailure, maxStack),
	}
	if f := wire.Failure; f != nil {
		report.Failure = &ProgramFailure{clip(f.Class, maxName), clip(f.Message, maxStack), clip(f.Stack, maxStack)}
	}
	if wire.Graph == nil {
		return report, nil
	}
	graph, err := wire.Graph.graph()
	if err != nil {
		return Report{}, fmt.Errorf("the gate's report describes no job: %w", err)
	}
	report.Graph = &graph
	return report, nil
}

type reportWire struct {
	At            int64  `json:"at"`
	PlanMillis    int64  `json:"planMillis"`
	WarmUpMillis  int64  `json:"warmUpMillis"`
	WarmUpFailure string `json:"warmUpFailure"`
	Failure       *struct {
		Class   string `json:"class"`
		Message string `json:"message"`
		Stack   string `json:"stack"`
	} `json:"failure"`
	Graph *graphWire `json:"graph"`
}

type graphWire struct {
	Name     string `json:"name"`
	Vertices []struct {
		nodeWire
		Fixed     bool `json:"parallelismFixed"`
		Operators []struct {
			nodeWire
			GeneratedID string `json:"generatedId"`
			UID         string `json:"uid"` // null is ""
		} `json:"operators"`
	} `json:"vertices"`
}

type nodeWire struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	Parallelism    int    `json:"parallelism"`
	MaxParallelism int    `json:"maxParallelism"`
}

func (w *graphWire) graph() (JobGraph, error) {
	if len(w.Vertices) == 0 || len(w.Vertices) > maxVertices {
		return JobGraph{}, fmt.Errorf("%d vertices", len(w.Vertices))
	}
	graph, operators := JobGraph{Name: clip(w.Name, maxName)}, 0
	for _, v := range w.Vertices {
		if operators += len(v.Operators); len(v.Operators) == 0 || operators > maxOperators {
			return JobGraph{}, fmt.Errorf("vertex %.32q has %d operators", v.ID, len(v.Operators))
		}
		if err := v.check(); err != nil {
			return JobGraph{}, err
		}
		vertex := GraphVertex{ID: v.ID, Name: clip(v.Name, maxName), Parallelism: v.Parallelism, MaxParallelism: max(v.MaxParallelism, 0), Fixed: v.Fixed}
		for _, o := range v.Operators {
			if err := o.check(); err != nil {
				return JobGraph{}, err
			}
			if o.GeneratedID != "" && !isOperatorID(o.GeneratedID) || len(o.UID) > maxName {
				return JobGraph{}, fmt.Errorf("operator %s has the generated id %.32q and the uid %.32q", o.ID, o.GeneratedID, o.UID)
			}
			vertex.Operators = append(vertex.Operators, GraphOperator{
				ID: o.ID, GeneratedID: o.GeneratedID, UID: clip(o.UID, maxName), Name: clip(o.Name, maxName),
				Parallelism: o.Parallelism, MaxParallelism: max(o.MaxParallelism, 0),
			})
		}
		graph.Vertices = append(graph.Vertices, vertex)
	}
	return graph, nil
}

func (w nodeWire) check() error {
	if !isOperatorID(w.ID) {
		return fmt.Errorf("%.32q is no id", w.ID)
	}
	if w.Parallelism < -1 || w.Parallelism > maxParallelism || w.MaxParallelism < -1 || w.MaxParallelism > maxParallelism {
		return fmt.Errorf("%s has the parallelism %d of at most %d", w.ID, w.Parallelism, w.MaxParallelism)
	}
	return nil
}

var operatorIDs = regexp.MustCompile(`^[0-9a-f]{32}$`)

func isOperatorID(id string) bool { return operatorIDs.MatchString(id) }

// cutMark is what the gate leaves in the middle of a name that is too long for its report.
const cutMark = "\n... cut ...\n"

// plannerNumber is what the planner of SQL and the Table API puts behind a name. It counts on within a JVM, so that each call of main() gives other
// numbers: the rehearsal's and the real one's too.
var plannerNumber = regexp.MustCompile(`\[\d+\]$`)

// sameName compares a name of the report with a whole one.
func sameName(reported, whole string) bool {
	whole = clip(whole, maxName)
	begin, end, cut := strings.Cut(reported, cutMark)
	if !cut {
		return plannerNumber.ReplaceAllString(reported, "") == plannerNumber.ReplaceAllString(whole, "")
	}
	return len(whole) >= len(begin)+len(end) && strings.HasPrefix(whole, begin) && strings.HasSuffix(whole, end)
}
