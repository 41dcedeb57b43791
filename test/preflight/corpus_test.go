package preflight

import "strings"

// pair is two versions of a job, in the words of java/Variant.java, what Preflight should say and what Flink 2.3 does.
type pair struct {
	before, after    string
	allowNonRestored bool
	verdict          string // "fits", or the severities and codes of the findings
	flink            string // "keeps", "refuses", or "loses" with the roles whose state is not found by the same role again; "" = by chance
	// why the verdict and Flink may disagree; "" if they must not: fits and keeps, blocks and refuses or loses, warns and whatever.
	why string
}

const (
	plain      = "numbers:uid=s map:uid=m count:uid=counter sink:uid=k"
	rocks      = "job:backend=rocksdb "
	counterID  = "0da08f51eaa85fc298e176a139b3649a" // that Flink makes of the uid "counter"
	unknowable = "the graph tells no state: it cannot be known before (see the comment of flink.Preflight)"
)

var long = strings.Repeat("long", 100)

var corpus = map[string]pair{
	"the same version":                {before: plain, after: plain, verdict: "fits", flink: "keeps"},
	"a stateless operator is removed": {before: plain, after: "numbers:uid=s count:uid=counter sink:uid=k", verdict: "fits", flink: "keeps"},
	"a stateless operator is added":   {before: plain, after: "numbers:uid=s map:uid=m map:uid=new count:uid=counter sink:uid=k", verdict: "fits", flink: "keeps"},
	"a stateful operator is removed":  {before: plain, after: "numbers:uid=s map:uid=m sink:uid=k", verdict: "Blocks StateWithoutOperator", flink: "refuses"},
	"a stateful operator is removed, and its state may be dropped": {before: plain, after: "numbers:uid=s map:uid=m sink:uid=k", allowNonRestored: true,
		verdict: "Warns StateWithoutOperator", flink: "loses count"},
	"a stateful operator is added": {before: plain, after: "numbers:uid=s map:uid=m count:uid=counter count:uid=second:role=second sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"a uid is changed": {before: plain, after: "numbers:uid=s map:uid=m count:uid=other sink:uid=k",
		verdict: "Blocks StateWithoutOperator", flink: "refuses"},
	"a uid is changed, and the state may be dropped": {before: plain, after: "numbers:uid=s map:uid=m count:uid=other sink:uid=k", allowNonRestored: true,
		verdict: "Warns StateWithoutOperator", flink: "loses count"},
	"a uid is removed": {before: plain, after: "numbers:uid=s map:uid=m count sink:uid=k",
		verdict: "Blocks StateWithoutOperator", flink: "refuses"},
	"uids of stateless operators are removed": {before: plain, after: "numbers:uid=s map count:uid=counter sink", verdict: "fits", flink: "keeps"},
	"a uid is changed, and the old one's hash is given": {before: plain, after: "numbers:uid=s map:uid=m count:uid=other:hash=" + counterID + " sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"a hash is given without a uid": {before: plain, after: "numbers:uid=s map:uid=m count:hash=" + counterID + " sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"a hash stays while state is written by the generated id": {before: "numbers:uid=s count:uid=other:hash=" + counterID + " sink:uid=k", after: "numbers:uid=s map:uid=m count:uid=other:hash=" + counterID + " sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"two operators ask for one state": {before: plain, after: "numbers:uid=s count:uid=new:role=new:hash=" + counterID + " count:uid=counter sink:uid=k",
		verdict: "Blocks StateClaimedTwice",
		why:     "which of the two gets it depends on the order of a hash table in Flink"},
	"a hash leaves the operator's own state behind": {before: "numbers:uid=s count:uid=counter count:uid=second:role=second sink:uid=k",
		after: "numbers:uid=s count:uid=second:role=second:hash=" + counterID + " sink:uid=k", verdict: "Blocks StateWithoutOperator", flink: "loses count second"},
	"the operator is renamed, its uid stays": {before: plain, after: "numbers:uid=s map:uid=m count:uid=counter:name=Renamed sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"stateful operators change places": {before: "numbers:uid=s count:uid=a:role=a count:uid=b:role=b sink:uid=k",
		after:   "numbers:uid=s count:uid=b:role=b count:uid=a:role=a sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"a stateful operator moves": {before: plain, after: "numbers:uid=s count:uid=counter map:uid=m sink:uid=k", verdict: "fits", flink: "keeps"},
	"stateless operators change places": {before: "numbers:uid=s map:uid=a map:uid=b count:uid=counter sink:uid=k",
		after:   "numbers:uid=s map:uid=b map:uid=a count:uid=counter sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"a chain is broken": {before: "numbers:uid=s map:uid=m list:uid=l sink:uid=k",
		after:   "numbers:uid=s map:uid=m list:uid=l:chain=off sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"all chains are broken": {before: plain, after: "job:chain=off " + plain, verdict: "fits", flink: "keeps"},

	// Without uids.
	"nothing has a uid, and nothing is changed": {before: "numbers count sink", after: "numbers count sink",
		verdict: "Warns MatchedByPosition, Warns MatchedByPosition", flink: "keeps"},
	"uids are added": {before: "numbers map count sink", after: "numbers:uid=s map:uid=m count:uid=counter sink:uid=k",
		verdict: "Blocks StateWithoutOperator, Blocks StateWithoutOperator", flink: "refuses"},
	"uids are added, with the hashes that the findings name": {before: "numbers map count sink",
		after: "numbers:uid=s:hash=cbc357ccb763df2852fee8c4fc7d55f2 map:uid=m count:uid=counter:hash=90bea66de1c231edf33913ecd54406c1 sink:uid=k", verdict: "fits", flink: "keeps"},
	"without uid, the operator is renamed": {before: "numbers:uid=s count sink:uid=k", after: "numbers:uid=s count:name=Renamed sink:uid=k",
		verdict: "Blocks AnotherOperatorInPlace", flink: "keeps",
		why: "a rename looks the same as another operator in the same place, which would read what is not its own; the finding names both ways out"},
	"without uid, the name is too long for the report": {before: "numbers:uid=s count:name=" + long + " sink:uid=k", after: "numbers:uid=s count:name=" + long + " sink:uid=k",
		verdict: "Warns MatchedByPosition", flink: "keeps"},
	"without uid, a stateless operator is removed": {before: "numbers map count sink", after: "numbers count sink",
		verdict: "Blocks StateWithoutOperator, Blocks StateWithoutOperator", flink: "refuses"},
	"without uid, stateless operators change places": {before: "numbers:uid=s map:name=a map:name=b count sink",
		after:   "numbers:uid=s map:name=b map:name=a count sink",
		verdict: "Warns MatchedByPosition", flink: "keeps"},
	"without uid, stateful operators of one name change places": {before: "numbers:uid=s count:role=a count:role=b sink", after: "numbers:uid=s count:role=b count:role=a sink",
		verdict: "Warns MatchedByPosition, Warns MatchedByPosition", flink: "loses a b"},
	"without uid, stateful operators change places": {before: "numbers:uid=s count:role=a:name=a count:role=b:name=b sink", after: "numbers:uid=s count:role=b:name=b count:role=a:name=a sink",
		verdict: "Blocks AnotherOperatorInPlace, Blocks AnotherOperatorInPlace", flink: "loses a b"},
	"without uid, a chain is broken": {before: "numbers:uid=s map list sink", after: "numbers:uid=s map list:chain=off sink",
		verdict: "Blocks StateWithoutOperator", flink: "refuses"},
	"without uid, a sink is added": {before: "numbers:uid=s count sink", after: "numbers:uid=s count sink sink:name=second",
		verdict: "Blocks StateWithoutOperator", flink: "refuses"},

	// Parallelism.
	"a max parallelism is set that is Flink's default": {before: plain, after: "numbers:uid=s map:uid=m count:uid=counter:max=128 sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"a max parallelism is set": {before: plain, after: "numbers:uid=s map:uid=m count:uid=counter:max=64 sink:uid=k",
		verdict: "Blocks MaxParallelismDiffers", flink: "refuses"},
	"a max parallelism is raised": {before: "numbers:uid=s count:uid=counter:max=4 sink:uid=k",
		after:   "numbers:uid=s count:uid=counter:max=8 sink:uid=k",
		verdict: "Blocks MaxParallelismDiffers", flink: "refuses"},
	"a max parallelism is lowered": {before: "numbers:uid=s count:uid=counter:max=8 sink:uid=k",
		after:   "numbers:uid=s count:uid=counter:max=4 sink:uid=k",
		verdict: "Blocks MaxParallelismDiffers", flink: "refuses"},
	"a max parallelism is no longer set": {before: "numbers:uid=s count:uid=counter:max=4 sink:uid=k",
		after:   "numbers:uid=s count:uid=counter sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"a stateless operator's max parallelism is changed": {before: "numbers:uid=s map:uid=m:chain=off:max=4 count:uid=counter sink:uid=k", after: "numbers:uid=s map:uid=m:chain=off:max=8 count:uid=counter sink:uid=k",
		verdict: "Blocks MaxParallelismDiffers", flink: "refuses"},
	"the job's max parallelism is changed": {before: "job:max=4 " + plain, after: "job:max=8 " + plain,
		verdict: "Blocks MaxParallelismDiffers, Blocks MaxParallelismDiffers", flink: "refuses"},
	"the parallelism is raised": {before: plain, after: "numbers:uid=s map:uid=m count:uid=counter:par=3 sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"the parallelism is above the snapshot's max": {before: "numbers:uid=s count:uid=counter:max=4 sink:uid=k",
		after:   "numbers:uid=s count:uid=counter:par=5 sink:uid=k",
		verdict: "Blocks ParallelismAboveMax", flink: "refuses"},
	"a stateless operator's parallelism is above the snapshot's max": {before: "numbers:uid=s map:uid=m:chain=off:max=2 count:uid=counter sink:uid=k",
		after: "numbers:uid=s map:uid=m:chain=off:par=3 count:uid=counter sink:uid=k", verdict: "fits", flink: "keeps"},
	"a new operator is chained to one of another max parallelism": {before: "numbers:uid=s count:uid=c:max=256 sink:uid=k",
		after: "numbers:uid=s count:uid=c map:uid=new2 sink:uid=k2", verdict: "Blocks MaxParallelismMixed", flink: "loses count"},
	"a new operator is chained to one of another max parallelism, by luck": {before: "numbers:uid=s count:uid=c:max=256 sink:uid=k",
		after: "numbers:uid=s count:uid=c map:uid=new sink:uid=k", verdict: "Blocks MaxParallelismMixed", flink: "keeps",
		why: "whether the state is lost depends on the order of a hash table in Flink"},
	"a new operator is chained to a source of another max parallelism": {before: "numbers:uid=s:max=256 count:uid=c sink:uid=k",
		after: "numbers:uid=s map:uid=new count:uid=c sink:uid=k", verdict: "fits", flink: "keeps"},

	// State backends.
	"on RocksDB": {before: rocks + plain, after: rocks + plain, verdict: "fits", flink: "keeps"},
	"on RocksDB, operators are removed, added and moved": {before: rocks + plain, after: rocks + "numbers:uid=s count:uid=counter map:uid=new sink:uid=k2",
		verdict: "fits", flink: "keeps"},
	"on RocksDB, a stateful operator is removed": {before: rocks + plain, after: rocks + "numbers:uid=s map:uid=m sink:uid=k",
		verdict: "Blocks StateWithoutOperator", flink: "refuses"},
	"a keyed operator that declares no state is removed": {before: "numbers:uid=s forget:uid=f count:uid=counter sink:uid=k",
		after:   "numbers:uid=s count:uid=counter sink:uid=k",
		verdict: "Blocks StateWithoutOperator", flink: "refuses"},
	"on RocksDB, a keyed operator that declares no state is removed": {before: rocks + "numbers:uid=s forget:uid=f count:uid=counter sink:uid=k",
		after:   rocks + "numbers:uid=s count:uid=counter sink:uid=k",
		verdict: "Blocks StateWithoutOperator", flink: "refuses"},

	// Sources and sinks.
	"a source is replaced under the same uid": {before: "numbers:uid=s map:uid=m:role=numbers count:uid=counter sink:uid=k",
		after:   "sequence:uid=s map:uid=m:role=numbers count:uid=counter sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"a source is replaced": {before: plain, after: "sequence:uid=other map:uid=m:role=numbers count:uid=counter sink:uid=k",
		verdict: "Blocks StateWithoutOperator", flink: "refuses"},
	"a second source is added": {before: plain, after: "numbers:uid=s numbers:uid=s2:role=second map:uid=m count:uid=counter sink:uid=k",
		verdict: "fits", flink: "keeps"},
	"a second source is removed": {before: "numbers:uid=s numbers:uid=s2:role=second map:uid=m count:uid=counter sink:uid=k", after: plain,
		verdict: "Blocks StateWithoutOperator", flink: "refuses"},
	"a sink is added": {before: plain, after: "numbers:uid=s map:uid=m count:uid=counter sink:uid=k sink:uid=k2",
		verdict: "fits", flink: "keeps"},
	"a sink is replaced": {before: plain, after: "numbers:uid=s map:uid=m count:uid=counter sink:uid=k3", verdict: "fits", flink: "keeps"},
	"a source had come to its end": {before: "ended:uid=e numbers:uid=s count:uid=counter sink:uid=k",
		after:   "ended:uid=e numbers:uid=s count:uid=counter sink:uid=k",
		verdict: "Warns FinishedOperator", flink: "keeps"},
	"an operator is chained to a source that had come to its end": {before: "ended:uid=e numbers:uid=s count:uid=counter sink:uid=k", after: "ended:uid=e map:uid=new numbers:uid=s count:uid=counter sink:uid=k",
		verdict: "Warns FinishedOperator", flink: "refuses"},

	// What the graph cannot know.
	"the state backend is changed": {before: plain, after: rocks + plain, verdict: "fits", flink: "refuses", why: unknowable},
	"a state's type is changed under the same uid": {before: plain, after: "numbers:uid=s map:uid=m count:uid=counter:type=long sink:uid=k",
		verdict: "fits", flink: "refuses", why: unknowable},
	"a state's name is changed under the same uid": {before: plain, after: "numbers:uid=s map:uid=m count:uid=counter:state=other sink:uid=k",
		verdict: "fits", flink: "loses count", why: unknowable},
	"an operator forgets its state": {before: plain, after: "numbers:uid=s map:uid=m forget:uid=counter sink:uid=k",
		verdict: "fits", flink: "loses count", why: unknowable},
}
