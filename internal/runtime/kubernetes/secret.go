package kubernetes

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	core "k8s.io/api/core/v1"

	"drey/internal/keeper"
	"drey/internal/runtime"
)

func inputKey(p runtime.ProcessID) string { return "keeper." + p.String() + ".json" }

func fileKey(name string) string { return "file." + name }

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// secretOf is the one Secret of an incarnation, immutable: its files, what each keeper is to do, and the key that they share.
func secretOf(inc runtime.Incarnation, t *Template, home, key string) (*core.Secret, error) {
	yes := true
	s := &core.Secret{ObjectMeta: object(inc.ID), Immutable: &yes, Data: map[string][]byte{keyKey: []byte(key)}}
	for _, f := range inc.Files {
		s.Data[fileKey(f.Name)] = []byte(f.Content.Reveal())
	}
	for _, p := range inc.Processes {
		text, err := json.Marshal(inputOf(inc, t, home, p))
		if err != nil {
			return nil, fmt.Errorf("cannot encode the keeper's input of %s: %w", p.ProcessID, err)
		}
		s.Data[inputKey(p.ProcessID)] = text
	}
	return s, nil
}

// dreysPlugin is what the process gets from us instead: two would serve the same URIs.
const dreysPlugin = "flink-azure-fs-hadoop-*.jar"

// inputOf is what the keeper of a process is to do; home is where Flink lies in the image, whose plugins join those that are brought.
func inputOf(inc runtime.Incarnation, t *Template, home string, p runtime.Process) keeper.Input {
	env := maps.Clone(p.Env)
	if env == nil {
		env = map[string]string{}
	}
	env["DREY_INCARNATION"] = string(inc.ID) + "/" + p.ProcessID.String()
	work := runFolder + "/work/" + p.ProcessID.String()
	in := keeper.Input{
		Version: keeper.Version, Incarnation: string(inc.ID), Process: p.ProcessID.String(), Args: p.Args, Env: env, Folder: work,
		Container: &keeper.Container{
			Folder: runFolder + "/keeper", Listen: fmt.Sprintf("0.0.0.0:%d", keeperPort),
			Folders: []string{runFolder + "/jars", runFolder + "/plugins", runFolder + "/gate"},
			Links:   &keeper.Links{From: home + "/plugins", Without: dreysPlugin, To: runFolder + "/plugins"},
			Java:    javaLink, Message: terminationMessage, Address: addressVariable,
		},
	}
	if t != nil {
		in.Container.Inherit = t.names()
	}
	if p.Gate {
		in.Gate = runFolder + "/gate"
	}
	for _, a := range inc.Artifacts {
		folder := "/jars/"
		if a.Plugin {
			folder = "/plugins/"
		}
		in.Container.Artifacts = append(in.Container.Artifacts, keeper.Artifact{Path: runFolder + folder + a.Name, SHA256: a.SHA256})
	}
	return in
}
