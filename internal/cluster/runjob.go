package cluster

import "strings"

// uses says which fields of a runJob an action uses; the others are ignored (R24).
var uses = map[Action]struct{ launch, savepoint bool }{
	ActionStart:           {launch: true, savepoint: true},
	ActionUpdate:          {launch: true, savepoint: true},
	ActionStatelessUpdate: {launch: true, savepoint: true}, // a savepoint is refused, not ignored
	ActionLastStateUpdate: {launch: true},
}

// Used is r without what its action does not use.
func (r RunJob) Used() RunJob {
	u := uses[r.Action]
	used := RunJob{Action: r.Action, JobName: r.JobName, RunID: r.RunID}
	if u.launch {
		used.JarDirectory, used.JarName, used.EntryClass = r.JarDirectory, r.JarName, r.EntryClass
		used.Args, used.Configuration, used.AllowNonRestoredState = r.Args, r.Configuration, r.AllowNonRestoredState
	}
	if u.savepoint {
		used.SavePointName = r.SavePointName
	}
	return used
}

// ChangesLaunch reports whether r sends anything that makes a new version (R24: START).
func (r RunJob) ChangesLaunch() bool {
	u := r.Used()
	return u.JarDirectory != "" || u.JarName != "" || u.EntryClass != "" || u.Args != nil || u.Configuration != nil
}

// Matches says 404 JobNotFound if r names another job than j, or nil (R23).
func (r RunJob) Matches(j Job) *Error {
	if r.JobName != "" && !strings.EqualFold(r.JobName, j.Name) || r.RunID != "" && !strings.EqualFold(r.RunID, j.RunID) {
		return Errorf(NotFound, "JobNotFound", "", "The cluster's job is %q; the request names another.", j.Name).
			WithHint("leave jobName and runId out: a cluster has one job")
	}
	return nil
}

// ValidateRunJob checks the fields that r's action uses, as they will stand: launch is what runs, or would run, without r.
// All faults are found.
func ValidateRunJob(r RunJob, launch Launch, facts FlinkFacts, lim Limits) []Fault {
	r, lim = r.Used(), lim.at(facts)
	var l faultList
	base, err := ParseURI(launch.StorageURI, StorageURI{}, lim.StorageSuffixes...)
	if e := AsError(err); e != nil {
		return append(l, e.Fault("properties.clusterProfile.flinkProfile.storage.storageUri"))
	}
	next := launch.With(r)
	if r.JarDirectory != "" {
		l.checkJarDirectory("properties.jobJarDirectory", r.JarDirectory, base, lim)
	}
	if r.JarName != "" {
		l.addAt("properties.jarName", CheckJarName(r.JarName))
	}
	l.addAt("properties.entryClass", CheckEntryClass(r.EntryClass))
	if r.Args != nil {
		_, fault := SplitArgs(*r.Args)
		l.addAt("properties.args", fault)
	}
	l.checkProgram("properties", r.EntryClass, r.Args, next, facts)
	if r.SavePointName != "" && r.Action == ActionStatelessUpdate {
		l.add("InvalidSavePointName", "properties.savePointName", "STATELESS_UPDATE starts without state.")
		l.hint("use UPDATE to start from a savepoint")
	} else {
		_, fault := ParseSavePointName(r.SavePointName, lim)
		l.addAt("properties.savePointName", fault)
	}
	if r.Configuration != nil {
		l.checkConfig("properties.flinkConfiguration", r.Configuration, base, facts, lim)
		l.checkMemoryModel("properties.flinkConfiguration", next, facts)
	}
	return l
}
