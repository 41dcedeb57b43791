package flink

import "strings"

// KeySimulated is the key of a job's configuration that says how its simulation behaves.
const KeySimulated = "drey.simulated"

// class is what Drey does with a key of a user.
type class int

const (
	honoured class = iota
	takenOver
	refused
)

type keyRule struct {
	class class
	why   string
}

// Why keys are taken over or refused; sentences, because they are shown as they stand.
const (
	whyRecovery  = "Recovery is Drey's work: it starts the job again from its newest complete state."
	whyNetwork   = "Drey assigns addresses and ports."
	whyFolders   = "Drey gives each process a working folder of its own."
	whyPlace     = "Drey decides where processes run."
	whyIdentity  = "Drey names processes, jobs and applications."
	whyRestore   = "The state a job starts from is chosen per start, not by configuration."
	whyRetention = "Drey needs the checkpoints that Flink leaves."
	whyMemory    = "The role's own memory and CPU say this."
	whyPrograms  = "The job's jars are given in its specification."
	whySecurity  = "Security settings are Drey's."
	whyDebug     = "Debug and management ports are not allowed: they would let others run code in the process."
	whyNoProcess = "There is no such process here."
)

// keyRules holds exact keys, and prefixes that end in "*"; the longest that fits decides. What is not here is honoured.
var keyRules = map[string]keyRule{
	"$internal.*":         {takenOver, whyIdentity},
	"blob.*":              {takenOver, whyNetwork},
	"cluster.id":          {takenOver, whyIdentity},
	"containerized.*":     {takenOver, whyPlace},
	"drey.*":              {takenOver, "There is no such key of Drey's for users."},
	"drey.rehearse":       {honoured, ""},
	"drey.update.warm":    {honoured, ""},
	"drey.recovery":       {honoured, ""},
	KeySimulated:          {honoured, ""}, // by a simulated target only: FactsOf
	"env.*":               {takenOver, "Drey starts the processes itself, with an environment of its own."},
	"env.java.opts":       {refused, "Use env.java.opts.all, env.java.opts.jobmanager or env.java.opts.taskmanager."},
	"high-availability*":  {takenOver, whyRecovery},
	"historyserver.*":     {takenOver, whyNoProcess},
	"job-result-store.*":  {takenOver, whyRecovery},
	"jmx.*":               {refused, whyDebug},
	"kubernetes.*":        {takenOver, whyPlace},
	"mesos.*":             {takenOver, whyPlace},
	"pipeline.classpaths": {takenOver, whyPrograms},
	"pipeline.jars":       {takenOver, whyPrograms},
	"pipeline.name":       {takenOver, whyIdentity},
	"plugin.*":            {refused, "The plugins of a job are put together by Drey."},
	"process.*":           {takenOver, whyFolders},
	"io.tmp.dirs":         {takenOver, whyFolders},
	"rest.*":              {takenOver, whyNetwork},
	"rest.flamegraph.*":   {honoured, ""},
	"security.*":          {refused, whySecurity},
	"user.artifacts.*":    {takenOver, whyPrograms},
	"yarn.*":              {takenOver, whyPlace},
	"zookeeper.*":         {takenOver, whyRecovery},

	"execution.attached":                                        {takenOver, whyPlace},
	"execution.target":                                          {takenOver, whyPlace},
	"execution.shutdown-on-application-finish":                  {takenOver, "Drey ends the processes after it has read how the job ended."},
	"execution.submit-failed-job-on-application-error":          {takenOver, "Drey learns of an error in main() by itself."},
	"execution.state-recovery.path":                             {takenOver, whyRestore},
	"execution.state-recovery.claim-mode":                       {takenOver, "Drey always restores with NO_CLAIM: a savepoint stays its owner's."},
	"execution.state-recovery.ignore-unclaimed-state":           {takenOver, whyRestore},
	"execution.checkpointing.create-subdir":                     {takenOver, whyRetention},
	"execution.checkpointing.externalized-checkpoint-retention": {takenOver, whyRetention},
	"execution.checkpointing.local-backup.dirs":                 {takenOver, whyFolders},
	"execution.checkpointing.storage":                           {takenOver, "Checkpoints are always kept in the checkpoint directory."},
	"state.backend.rocksdb.localdir":                            {takenOver, whyFolders},
	"state.backend.rocksdb.log.dir":                             {takenOver, whyFolders},
	"state.backend.forst.local-dir":                             {takenOver, whyFolders},
	"state.backend.forst.log.dir":                               {takenOver, whyFolders},

	"jobmanager.archive.fs.dir":                {takenOver, "Drey keeps the job's history itself."},
	"jobmanager.bind-host":                     {takenOver, whyNetwork},
	"jobmanager.heap.*":                        {takenOver, whyMemory},
	"jobmanager.resource-id":                   {takenOver, whyIdentity},
	"jobmanager.retrieve-taskmanager-hostname": {takenOver, whyNetwork},
	"jobmanager.rpc.*":                         {takenOver, whyNetwork},
	"queryable-state.*":                        {takenOver, whyNetwork},
	"taskmanager.bind-host":                    {takenOver, whyNetwork},
	"taskmanager.bind-policy":                  {takenOver, whyNetwork},
	"taskmanager.collect-sink.port":            {takenOver, whyNetwork},
	"taskmanager.cpu.cores":                    {takenOver, whyMemory},
	"taskmanager.data.bind-port":               {takenOver, whyNetwork},
	"taskmanager.data.port":                    {takenOver, whyNetwork},
	"taskmanager.data.ssl.enabled":             {refused, whySecurity},
	"taskmanager.heap.*":                       {takenOver, whyMemory},
	"taskmanager.host":                         {takenOver, whyNetwork},
	"taskmanager.network.bind-policy":          {takenOver, whyNetwork},
	"taskmanager.network.numberOfBuffers":      {takenOver, whyMemory},
	"taskmanager.resource-id":                  {takenOver, whyIdentity},
	"taskmanager.rpc.*":                        {takenOver, whyNetwork},
	"taskmanager.log.path":                     {takenOver, whyFolders},
	"web.log.path":                             {takenOver, whyFolders},
	"web.port":                                 {takenOver, whyNetwork},
	"web.address":                              {takenOver, whyNetwork},
	"web.access-control-allow-origin":          {refused, whySecurity},
	"web.submit.enable":                        {takenOver, "No jars can be uploaded to a job's own JobManager."},
	"web.rescale.enable":                       {takenOver, "Parallelism is changed through Drey."},
	"web.tmpdir":                               {takenOver, whyFolders},
	"web.upload.dir":                           {takenOver, whyFolders},
}

// rule finds the rule for a key by its newest name.
func rule(key string) (class, string) {
	if r, ok := keyRules[key]; ok {
		return r.class, r.why
	}
	for end := len(key); end > 0; end-- {
		if r, ok := keyRules[key[:end]+"*"]; ok {
			return r.class, r.why
		}
	}
	if strings.HasPrefix(key, "akka.remote.") || strings.HasPrefix(key, "pekko.remote.") {
		return takenOver, whyNetwork
	}
	return honoured, ""
}
