package lifecycle

import (
	"strings"

	"drey/internal/cluster"
	"drey/internal/flink"
	"drey/internal/store"
)

const codeLineGoesBack = "FlinkLineGoesBack"

// betweenLines says what a change from one line of Flink to another asks of the state that goes along, or why it cannot go along (R27). A
// savepoint that is named is the caller's choice: whether it can be read is looked up where it lies.
func betweenLines(tx *store.Tx, job string, v cluster.Version, f *facts) error {
	old, err := tx.Version(job, f.Previous)
	if err != nil {
		return err
	}
	from, to := cluster.Line(old.Flink), cluster.Line(v.Flink)
	carries := f.SavePointName == "" && f.Way != byNone && (f.Way != "" || f.Newest || f.Provable != "")
	switch {
	case from == to || old.Flink == "" || v.Flink == "":
		return nil
	case carries && flink.OlderLine(v.Flink, old.Flink):
		return cluster.Errorf(cluster.Conflict, codeLineGoesBack, "", "The job's state was written by Flink %s, and Flink %s, of an older line, is not made to read it.", old.Flink, v.Flink).
			WithHint("go back with a savepoint of then: `drey cluster version rollback <cluster> N --savepoint NAME`; or give the state up: upgradeMode STATELESS_UPDATE")
	case f.Way == byLast && (unaligned(old) || unaligned(v)):
		return cluster.Errorf(cluster.Conflict, "CheckpointNotPortable", "", "The checkpoints are unaligned: Flink %s cannot restore one of Flink %s.", v.Flink, old.Flink).
			WithHint("take a savepoint along: upgradeMode UPDATE")
	}
	f.Canonical = true
	return nil
}

func unaligned(v cluster.Version) bool {
	config := flink.Merge(v.Launch.Config())
	return strings.EqualFold(strings.TrimSpace(config["execution.checkpointing.unaligned.enabled"]), "true")
}
