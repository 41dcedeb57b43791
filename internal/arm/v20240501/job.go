package v20240501

import (
	"slices"
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

// actions are those of the API; requests are compared without regard to case.
var actions = []cluster.Action{
	cluster.ActionNew, cluster.ActionStart, cluster.ActionStop, cluster.ActionUpdate, cluster.ActionStatelessUpdate,
	cluster.ActionLastStateUpdate, cluster.ActionRelaunch, cluster.ActionSavepoint, cluster.ActionListSavepoint,
	cluster.ActionCancel, cluster.ActionDelete,
}

// DecodeRunJob reads the body of a runJob.
func DecodeRunJob(body []byte) (cluster.RunJob, []string, error) {
	return ReadRunJob(body, contract.Options{})
}

// ReadRunJob reads the body of a runJob as strictly as told.
func ReadRunJob(body []byte, opts contract.Options) (cluster.RunJob, []string, error) {
	var in Job
	ignored, err := contract.Decode(body, &in, opts)
	if err != nil {
		return cluster.RunJob{}, nil, err
	}
	p := in.Properties
	action := cluster.Action(strings.ToUpper(p.Action))
	var faults []cluster.Fault
	if !slices.Contains(actions, action) {
		faults = append(faults, invalid("properties.action", "There is no such action.", "The actions are "+listed()+"."))
	}
	if !strings.EqualFold(p.JobType, "FlinkJob") {
		faults = append(faults, invalid("properties.jobType", "It must be FlinkJob.", ""))
	}
	return cluster.RunJob{
		Action: action, JobName: p.JobName, RunID: p.RunID, JarDirectory: p.JobJarDirectory, JarName: p.JarName,
		EntryClass: p.EntryClass, Args: p.Args, SavePointName: p.SavePointName, Configuration: p.FlinkConfiguration,
	}, ignored, cluster.Faults(faults)
}

func invalid(target, message, hint string) cluster.Fault {
	return cluster.Fault{Code: "InvalidParameter", Target: target, Message: message, Hint: hint}
}

func listed() string {
	names := make([]string, 0, len(actions))
	for _, a := range actions {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
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
			FlinkConfiguration: v.Launch.Configuration, Action: string(v.Action), ActionResult: v.ActionResult,
			JobID: v.FlinkJobID, Status: v.Status, JobOutput: v.Output, LastSavePoint: v.LastSavepoint,
		},
	}
}
