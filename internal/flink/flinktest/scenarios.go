package flinktest

// Scenario is something that Flink does, and how Drey asks for it.
type Scenario struct {
	Play func(*Player)
	// Questions are those of package lifecycle for whose answers it stands: fields of its struct questions.
	Questions []string
}

// Scenarios are all, by the sentence that is the name of their trace.
var Scenarios = map[string]Scenario{
	"a job from its start to its stop":     {life, []string{"Job", "Restored", "Trigger", "Checkpoint", "Health", "Registered", "Timing"}},
	"a stop that does not come to its end": {hangs, []string{"Job", "Trigger"}},
	"a job that is cancelled":              {cancelled, []string{"Job", "Trigger", "Checkpoint"}},
	"a job that begins with a snapshot":    {restores, []string{"Job", "Restored"}},
	"a main that throws":                   {throws, []string{"Incarnation"}},
	"a task that fails again and again":    {loops, []string{"Job", "Health"}},
	"a checkpoint that does not come":      {noCheckpoint, []string{"Checkpoint", "Health"}},
	"a TaskManager that is lost":           {lost, []string{"Job", "Registered", "Health", "Timing"}},
	"a job that is rescaled in place":      {rescaled, []string{"Job", "Rescale", "Timing"}},
}
