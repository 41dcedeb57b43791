package main

import "fmt"

// operatorSeconds is the gap of an update by the Flink Kubernetes Operator on an idle cluster of test/kube, as it was measured before: for runs
// without it.
const operatorSeconds = 15

func (m *onKube) report(verdicts []verdict, before string) (string, error) {
	version, err := m.cluster.Client.Discovery().ServerVersion()
	if err != nil {
		return "", err
	}
	d, p := m.drey, m.plain
	var t text
	t.say("%s, load average %s → %s.\n", setting("make bench-kube"), before, load())
	t.say("## On Kubernetes: update, create, recovery\n")
	t.say("Kubernetes %s of test/kube, two nodes on this machine. The witness job at 500 records/s, a checkpoint each second, RocksDB, on the same", version.GitVersion)
	t.say("volume. *Plain objects*: a Service, a ConfigMap, a bare pod for the JobManager (`StandaloneApplicationClusterEntryPoint`, to which the")
	t.say("image's `standalone-job` comes) and one for the TaskManager, memory as Flink's shipped configuration gives it, CPU without a limit, where ours")
	t.say("have a core each. Their update: REST stop with savepoint, asked for twice a second, both pods deleted and gone, new ones with")
	t.say("`--fromSavepoint`. Their recovery: Flink's Kubernetes HA with its defaults, the kubelet restarts the killed container, each time its first")
	t.say("restart. In turns; both jobs run all the time. Seconds.\n")
	t.say("| what | way | n | p50 | p95 | least | most |\n|---|---|---|---|---|---|---|")
	t.say("| update: the gap | `drey job update` | %s |", d.updates.total().row())
	t.say("| update: the gap | plain objects | %s |", p.updates.row())
	if m.beside != nil {
		t.say("| update: the gap | the Flink Kubernetes Operator | %s |", m.operator.row())
	}
	t.say("| create → first record | `drey cluster create` | %s |", d.creates.total().row())
	t.say("| create → first record | plain objects | %s |", p.creates.row())
	t.say("| JobManager killed → first record | Drey | %s |", d.recoveries.total().row())
	t.say("| JobManager killed → first record | plain objects with Kubernetes HA | %s |", p.recoveries.row())
	update := d.updates.total().median()
	t.say("\n| p50 of ours / p50 of plain objects | |\n|---|---|")
	t.say("| **update** (goal ≤ 0.1) | **%.3f** |", update/p.updates.median())
	t.say("| create | %.2f |", d.creates.total().median()/p.creates.median())
	t.say("| JobManager killed | %.2f |", d.recoveries.total().median()/p.recoveries.median())
	if m.beside != nil {
		t.say("| **update / the Flink Kubernetes Operator's** (goal ≤ 0.05) | **%.3f** |\n", update/m.operator.median())
		t.say("The operator is %s, built from its repository, with its chart's configuration, as a process beside the cluster, as our server is. Its job", m.beside.version)
		t.say("is a FlinkDeployment in native mode with Kubernetes HA, `upgradeMode: savepoint`; what its pods are given is what plain objects are given. An")
		t.say("update changes the job's arguments, once the operator calls the one before stable. `make bench-kube OPERATOR=<checkout>` repeats it.\n")
	} else {
		t.say("| update / the Flink Kubernetes Operator's %d s (goal ≤ 0.05) | %.3f |\n", operatorSeconds, update/operatorSeconds)
		t.say("The Flink Kubernetes Operator was not run here (`make bench-kube OPERATOR=<checkout>` does). It was measured before on such a cluster, on another day: %d s idle,", operatorSeconds)
		t.say("35 s beside other work.\n")
	}
	t.say("Parts as we tell them, p50, s. They add up to our own word, which of a create begins at the gate's opening:\n")
	t.say("| what | parts | our word against the ledger: difference, p50 |\n|---|---|---|")
	t.say("| update | %s | %.3f |", d.updates.parts(), d.updates.wrong().median())
	t.say("| create | %s | |", d.creates.parts())
	t.say("| JobManager killed | %s | %s |", d.recoveries.parts(), fmt.Sprintf("%.3f", d.recoveries.wrong().median()))
	t.verdicts(verdicts)
	return t.String(), nil
}
