package v20240501

import (
	"strings"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// Job is a job of a cluster: an entry of the list, and the body of runJob.
type Job struct {
	contract.Resource
	SystemData *contract.SystemData `json:"systemData,omitempty" arm:"readonly"`
	Properties JobProperties        `json:"properties" arm:"required"`
}

// JobProperties are a job's properties.
type JobProperties struct {
	JobType            string            `json:"jobType" arm:"required"`
	RunID              string            `json:"runId,omitempty"`
	JobName            string            `json:"jobName,omitempty"`
	JobJarDirectory    string            `json:"jobJarDirectory,omitempty"`
	JarName            string            `json:"jarName,omitempty"`
	Action             string            `json:"action,omitempty" arm:"required"` // no default is documented: R24
	EntryClass         string            `json:"entryClass,omitempty"`
	Args               *string           `json:"args,omitempty"`
	SavePointName      string            `json:"savePointName,omitempty"`
	FlinkConfiguration map[string]string `json:"flinkConfiguration,omitempty" arm:"text"`
	JobID              string            `json:"jobId,omitempty" arm:"readonly"`
	Status             string            `json:"status,omitempty" arm:"readonly"`
	JobOutput          string            `json:"jobOutput,omitempty" arm:"readonly"`
	ActionResult       string            `json:"actionResult,omitempty" arm:"readonly"`
	LastSavePoint      string            `json:"lastSavePoint,omitempty" arm:"readonly"`
}

// DecodeRunJob reads the body of a runJob.
func DecodeRunJob(body []byte) (cluster.RunJob, []string, error) {
	var in Job
	ignored, err := contract.Decode(body, &in, contract.Options{})
	if err != nil {
		return cluster.RunJob{}, nil, err
	}
	job, err := AskedFor(in.Properties)
	return job, ignored, err
}

// AskedFor is what the properties of a runJob's body ask for.
func AskedFor(p JobProperties) (cluster.RunJob, error) {
	var faults []cluster.Fault
	action, fault := cluster.ParseAction(p.Action)
	if fault != nil {
		faults = append(faults, *fault)
	}
	if !strings.EqualFold(p.JobType, "FlinkJob") {
		faults = append(faults, cluster.Fault{Code: "InvalidParameter", Target: "properties.jobType", Message: "It must be FlinkJob."})
	}
	return cluster.RunJob{
		Action: action, JobName: p.JobName, RunID: p.RunID, JarDirectory: p.JobJarDirectory, JarName: p.JarName,
		EntryClass: p.EntryClass, Args: p.Args, SavePointName: p.SavePointName, Configuration: p.FlinkConfiguration,
	}, cluster.Faults(faults)
}

// EncodeJob shows a job of the cluster ref.
func EncodeJob(ref cluster.Ref, v lifecycle.JobView) any { return NewJob(ref.ID(), v) }

// NewJob is a job of the cluster with the ARM id cluster. As recorded, an entry has an id and properties only.
func NewJob(cluster string, v lifecycle.JobView) Job {
	return Job{
		Resource: contract.Resource{ID: cluster + "/jobs/" + v.RunID},
		Properties: JobProperties{
			JobType: "FlinkJob", RunID: v.RunID, JobName: v.Name,
			JobJarDirectory: v.Launch.JarDirectory, JarName: v.Launch.JarName, EntryClass: v.Launch.EntryClass, Args: v.Launch.Args,
			FlinkConfiguration: lifecycle.HideConfig(v.Launch.Configuration), Action: string(v.Action), ActionResult: v.ActionResult,
			JobID: v.FlinkJobID, Status: v.Status, JobOutput: v.Output, LastSavePoint: v.LastSavepoint,
		},
	}
}
