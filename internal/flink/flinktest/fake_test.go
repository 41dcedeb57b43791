package flinktest

import (
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/flink/fake"
	"drey/internal/runtime/simulated"
	"drey/internal/storage"
)

func TestTheFakeAnswersAsRealFlinkDid(t *testing.T) {
	for name := range Scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { Check(t, fakeWorld(t), name) })
		})
	}
}

func fakeWorld(t *testing.T) World {
	folder := t.TempDir()
	mounts, err := storage.New(folder)
	if err != nil {
		t.Fatal(err)
	}
	const step = 20 * time.Millisecond
	flink := simulated.Flink{Storage: mounts, Behaviour: fake.All(step)}
	return World{
		Runtime: simulated.New(simulated.Config{Programs: flink.Programs, Boot: step, Gone: step, Open: step}),
		Version: "2.3.0", Traces: "testdata/2.3", Storage: folder, Port: func(*testing.T) int { return 1 },
	}
}
