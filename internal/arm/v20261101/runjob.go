package v20261101

import (
	"drey/internal/arm/contract"
	"drey/internal/arm/v20240501"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// RunJob is the body of a runJob.
type RunJob struct {
	contract.Resource
	SystemData *contract.SystemData `json:"systemData,omitempty" arm:"readonly"`
	Properties RunJobProperties     `json:"properties" arm:"required"`
}

// RunJobProperties adds what published versions cannot ask for.
type RunJobProperties struct {
	v20240501.JobProperties
	AllowNonRestoredState bool `json:"allowNonRestoredState,omitempty"`
}

// DecodeRunJob reads the body of a runJob.
func DecodeRunJob(body []byte) (cluster.RunJob, []string, error) {
	var in RunJob
	ignored, err := contract.Decode(body, &in, contract.Options{Strict: true})
	if err != nil {
		return cluster.RunJob{}, nil, err
	}
	job, err := v20240501.AskedFor(in.Properties.JobProperties)
	job.AllowNonRestoredState = in.Properties.AllowNonRestoredState
	return job, ignored, err
}

// Rollback is the body of a rollback.
type Rollback struct {
	SavePointName string `json:"savePointName,omitempty"`
}

// DecodeRollback reads the body of a rollback; none is as good as an empty one.
func DecodeRollback(body []byte) (Rollback, error) {
	var in Rollback
	if len(body) == 0 {
		return in, nil
	}
	_, err := contract.Decode(body, &in, contract.Options{Strict: true})
	return in, err
}

// JobPlan says beforehand what a runJob would do.
type JobPlan struct {
	Action     string       `json:"action"`
	Warm       bool         `json:"warm"`
	Cold       string       `json:"cold,omitempty"` // why it is not warm
	StateBytes int64        `json:"stateBytes"`     // 0 = not known
	Ways       []PlannedWay `json:"ways"`           // the one asked for first
}

// PlannedWay is one way from the running incarnation to the next.
type PlannedWay struct {
	Action     string  `json:"action"`
	GapSeconds float64 `json:"gapSeconds"`
	Measured   bool    `json:"measured"` // predicted from what an earlier change of this job took
	Price      string  `json:"price"`
}

// NewJobPlan shows a plan.
func NewJobPlan(p lifecycle.JobPlan) JobPlan {
	out := JobPlan{Action: string(p.Action), Warm: p.Warm, Cold: p.Cold, StateBytes: p.StateBytes, Ways: []PlannedWay{}}
	for _, w := range p.Ways {
		out.Ways = append(out.Ways, PlannedWay{string(w.Action), seconds(w.Gap), w.Measured, w.Price})
	}
	return out
}
