package cluster

import (
	"math"
	"strconv"
	"strings"
)

// checkFlink checks the Flink profile with all that depends on it.
func (l *faultList) checkFlink(spec Spec, facts FlinkFacts, lim Limits) {
	f := spec.Properties.Profile.Flink
	if f == nil {
		l.missing(atFlink)
		return
	}
	base := l.checkStorage(f.Storage.URI, lim)
	l.checkResources(atFlink+".jobManager", f.JobManager, facts)
	l.checkResources(atFlink+".taskManager", f.TaskManager, facts)
	if f.HistoryServer != nil {
		l.checkResources(atFlink+".historyServer", *f.HistoryServer, facts)
	}
	if n := f.NumReplicas; n != nil && (*n < 1 || *n > lim.maxTaskManagers()) {
		l.add(codeInvalidSpec, atFlink+".numReplicas", "The number of task managers is between 1 and %d.", lim.maxTaskManagers())
	}
	if f.Catalog != nil && f.Catalog.Hive != nil {
		l.add("HiveCatalogNotSupported", atFlink+".catalogOptions.hive", "%s", hiveReason(spec.Properties.Profile.OSSVersion, facts))
	}
	l.checkMode(f, base, lim)
	l.checkServiceConfigs(spec.Properties.Profile.ServiceConfigs, base, facts, lim)
	if f.Configuration != nil {
		l.checkConfig(atFlink+".flinkConfiguration", f.Configuration, base, facts, lim)
	}
	if f.Job != nil {
		l.checkProgram(atJob, f.Job.EntryClass, f.Job.Args, LaunchOf(spec), facts)
	}
	l.checkPodTemplate(f.PodTemplate, facts)
	l.checkMemoryModel("", LaunchOf(spec), facts)
}

func (l *faultList) checkPodTemplate(template map[string]any, facts FlinkFacts) {
	const at = atFlink + ".podTemplate"
	if len(template) == 0 {
		return
	}
	if facts.CheckPodTemplate == nil {
		l.add("PodTemplateNotSupported", at, "Jobs at this location do not run in pods.")
		l.hint("leave podTemplate out, or choose a pool at a Kubernetes location")
		return
	}
	if err := facts.CheckPodTemplate(podTemplateText(template)); err != nil {
		l.add("InvalidPodTemplate", at, "The pod template cannot be used: %s.", err)
	}
}

// hiveReason says why there is no Hive catalog: most lines of Flink have no connector (R11), and this version makes none for 1.20 yet.
func hiveReason(ossVersion string, facts FlinkFacts) string {
	if version, ok := facts.Resolve(ossVersion); !ok || facts.Hive == nil || facts.Hive(version) {
		return "The Hive catalog is not available in this version of Drey."
	}
	return "No Hive connector exists for this line of Flink; choose Flink 1.20."
}

// checkStorage checks storageUri and gives it, or the zero URI if it is wrong.
func (l *faultList) checkStorage(uri string, lim Limits) StorageURI {
	const at = atFlink + ".storage.storageUri"
	if uri == "" {
		l.missing(at)
		return StorageURI{}
	}
	u, err := ParseURI(uri, StorageURI{}, lim.StorageSuffixes...)
	if e := AsError(err); e != nil {
		*l = append(*l, e.Fault(at))
		return StorageURI{}
	}
	if fault := lim.misplaced(u, "The storage of a cluster is"); fault != nil {
		l.addAt(at, fault)
		return StorageURI{}
	}
	return u
}

func (l *faultList) checkResources(at string, r Resources, facts FlinkFacts) {
	if !(r.CPU > 0) || r.CPU > maxCPU || math.IsInf(r.CPU, 0) {
		l.add("InvalidCpu", at+".cpu", "More than 0.")
		l.hint("set 1 or more")
	}
	switch {
	case r.MemoryMB < facts.MinMemoryMB || r.MemoryMB <= 0:
		l.add("InvalidMemory", at+".memory", "At least %d MB.", facts.MinMemoryMB)
		l.hint("set %d or more", facts.MinMemoryMB)
	case r.MemoryMB > maxMemoryMB:
		l.add("InvalidMemory", at+".memory", "At most %d MB.", maxMemoryMB)
	}
}

// checkMemoryModel lets Flink's memory model judge both roles, once the figures themselves are fine. at is the configuration that is
// checked; "" if it is the whole cluster.
func (l *faultList) checkMemoryModel(at string, launch Launch, facts FlinkFacts) {
	for _, r := range []Resources{launch.JobManager, launch.TaskManager} {
		if facts.CheckMemory == nil || r.MemoryMB < facts.MinMemoryMB || r.MemoryMB > maxMemoryMB || !(r.CPU > 0) {
			return // said before
		}
	}
	key, reason := facts.CheckMemory(launch)
	if reason == "" {
		return
	}
	target := at + "." + key
	if at == "" {
		target = atFlink + ".taskManager.memory"
		if strings.HasPrefix(key, "jobmanager.") {
			target = atFlink + ".jobManager.memory"
		}
	}
	l.add("InvalidMemory", target, "%s", reason)
}

// checkMode checks deploymentMode and what it asks for.
func (l *faultList) checkMode(f *Flink, base StorageURI, lim Limits) {
	switch {
	case f.DeploymentMode == "" || strings.EqualFold(f.DeploymentMode, "Session"):
		l.add("DeploymentModeNotSupported", atFlink+".deploymentMode", "Session clusters come in a later version.")
		l.hint("set deploymentMode to Application and give a jobSpec")
	case !strings.EqualFold(f.DeploymentMode, "Application"):
		l.add(codeInvalidSpec, atFlink+".deploymentMode", "The deployment mode is Application or Session.")
	case f.Job == nil:
		l.missing(atJob)
	default:
		l.checkJob(*f.Job, base, lim)
	}
}

// checkProgram checks what a program that is no jar asks for; class and args are those that were sent beside it.
func (l *faultList) checkProgram(at, class string, args *string, launch Launch, facts FlinkFacts) {
	switch {
	case launch.Script():
		if class != "" {
			l.add("InvalidEntryClass", at+".entryClass", "A SQL script has no entry class.")
		}
		if args != nil && *args != "" {
			l.add("InvalidArgs", at+".args", "A SQL script has no arguments.")
			l.hint("write them into the script: SET 'key' = 'value';")
		}
		l.checkRuns("SqlScriptNotSupported", at, launch, facts, facts.NoScript)
	case launch.Python():
		if class != "" {
			l.add("InvalidEntryClass", at+".entryClass", "A Python program has no entry class.")
		}
		if launch.Config()[KeyPython] == "" {
			l.checkRuns("PythonNotSupported", at, launch, facts, facts.NoPython)
		}
	}
}

// checkRuns asks why not, and answers with the way out.
func (l *faultList) checkRuns(code, at string, launch Launch, facts FlinkFacts, not func(version string) string) {
	version, ok := facts.Resolve(launch.OSSVersion)
	if !ok || not == nil {
		return
	}
	if why, way, _ := strings.Cut(not(version), "; "); why != "" {
		l.add(code, at+".jarName", "%s.", why)
		l.hint("%s", way)
	}
}

var upgradeModes = []Action{ActionUpdate, ActionStatelessUpdate, ActionLastStateUpdate}

func (l *faultList) checkJob(j JobSpec, base StorageURI, lim Limits) {
	if j.JarDirectory == "" {
		l.missing(atJob + ".jobJarDirectory")
	} else {
		l.checkJarDirectory(atJob+".jobJarDirectory", j.JarDirectory, base, lim)
	}
	l.addAt(atJob+".jarName", CheckJarName(j.JarName))
	l.addAt(atJob+".entryClass", CheckEntryClass(j.EntryClass))
	if j.Args != nil {
		_, fault := SplitArgs(*j.Args)
		l.addAt(atJob+".args", fault)
	}
	_, fault := ParseSavePointName(j.SavePointName, lim)
	l.addAt(atJob+".savePointName", fault)
	if j.UpgradeMode == "" {
		l.missing(atJob + ".upgradeMode")
		return
	}
	for _, m := range upgradeModes {
		if strings.EqualFold(j.UpgradeMode, string(m)) {
			return
		}
	}
	l.add(codeInvalidSpec, atJob+".upgradeMode", "The upgrade mode is UPDATE, STATELESS_UPDATE or LAST_STATE_UPDATE.")
}

// checkJarDirectory checks a folder of jars. base is zero if storageUri is wrong; then a relative one cannot be judged.
func (l *faultList) checkJarDirectory(at, directory string, base StorageURI, lim Limits) {
	if base == (StorageURI{}) && !strings.Contains(directory, "://") {
		return
	}
	u, err := ParseURI(directory, base, lim.StorageSuffixes...)
	if e := AsError(err); e != nil {
		*l = append(*l, e.Fault(at))
		return
	}
	l.addAt(at, lim.misplaced(u, "Jars lie"))
}

// indexed is the JSON path of a list's member.
func indexed(at string, i int) string { return at + "[" + strconv.Itoa(i) + "]" }
