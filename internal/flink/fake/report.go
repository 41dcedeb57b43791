package fake

import (
	"encoding/json"
	"time"
)

// Report is what a gate finds out that rehearses main(): the job's graph, or what main() throws.
func (o Options) Report() []byte {
	report := object{"at": time.Now().UnixMilli(), "planMillis": o.Behaviour.Submit.Milliseconds()}
	switch o.Behaviour.Trouble {
	case ThrowsInMain:
		report["failure"] = object{"class": "java.lang.IllegalStateException", "message": "main() fails on request", "stack": mainFailure}
	case NoExecute:
	default:
		report["graph"] = o.graph()
	}
	raw, err := json.Marshal(report)
	if err != nil {
		panic(err)
	}
	return raw
}

func (o Options) graph() object {
	var operators []object
	for _, uid := range o.uids() {
		operators = append(operators, object{"id": operatorID(uid), "uid": uid, "name": uid, "parallelism": o.parallelism(), "maxParallelism": maxParallelism})
	}
	return object{"name": o.Config["pipeline.name"], "vertices": []object{{
		"id": operatorID(o.uids()[0]), "name": o.uids()[0], "parallelism": o.parallelism(), "maxParallelism": maxParallelism, "parallelismFixed": false,
		"operators": operators,
	}}}
}
