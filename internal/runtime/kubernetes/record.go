package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/runtime"
)

// record is what the namespace keeps of an incarnation for ever, in a ConfigMap of its name: what was prepared (no secrets), and
// the words that count when its pods are gone. Each change is made on condition that nobody else changed it.
type record struct {
	ID         runtime.IncarnationID `json:"id"`
	Image      string                `json:"image,omitempty"`
	Address    string                `json:"address,omitempty"`  // of the Service
	TLS        bool                  `json:"tls,omitempty"`      // its processes are spoken to under its identity
	Isolated   bool                  `json:"isolated,omitempty"` // it has a NetworkPolicy of its own
	Files      []string              `json:"files,omitempty"`
	Artifacts  []runtime.Artifact    `json:"artifacts,omitempty"`
	Template   *Template             `json:"template,omitempty"`
	Processes  []process             `json:"processes,omitempty"` // none: nothing was ever prepared
	Order      string                `json:"order,omitempty"`     // digest of the order it was released with
	Generation int64                 `json:"generation,omitempty"`
	Tombstone  bool                  `json:"tombstone,omitempty"`
	Abandoned  *word                 `json:"abandoned,omitempty"`
}

// word is what a person said.
type word struct {
	Who string    `json:"who"`
	At  time.Time `json:"at"`
}

// process is one index of a role, over all its lives.
type process struct {
	runtime.ProcessID
	Gate     bool  `json:"gate,omitempty"`
	MemoryMB int   `json:"memoryMB,omitempty"`
	CPUMilli int64 `json:"cpuMilli,omitempty"` // thousandths of a CPU
	Ports    []int `json:"ports,omitempty"`
	Life     int   `json:"life"`               // from 1 on: the pod's name has it
	LogStart int64 `json:"logStart,omitempty"` // of this life
	// Place is where this life runs. It is written before the process can be released: without it nothing of it ever ran.
	Place    *place            `json:"place,omitempty"`
	Exit     *runtime.Exit     `json:"exit,omitempty"` // of this life
	Said     *runtime.GateInfo `json:"said,omitempty"` // the gate's last word, with Exit
	PID      int               `json:"pid,omitempty"`  // with Exit
	Dead     bool              `json:"dead,omitempty"` // proved
	Replaced *runtime.Exit     `json:"replaced,omitempty"`
}

// place names a pod and its machine, so that a namesake is not taken for it.
type place struct {
	UID        string `json:"uid"` // of the pod
	Node       string `json:"node"`
	NodeUID    string `json:"nodeUID,omitempty"`    // "" if we may not see nodes
	SystemUUID string `json:"systemUUID,omitempty"` // of the machine
	BootID     string `json:"bootID,omitempty"`     // another one after each start of it
}

const recordKey = "incarnation"

// find is the process of an id; nil if there is none.
func (rec *record) find(id runtime.ProcessID) *process {
	i := slices.IndexFunc(rec.Processes, func(p process) bool { return p.ProcessID == id })
	if i < 0 {
		return nil
	}
	return &rec.Processes[i]
}

// mayBeReleased is false only if nothing of it ever ran far enough to be released: then it can do no harm, and needs no proof.
func (rec *record) mayBeReleased() bool {
	return slices.ContainsFunc(rec.Processes, func(p process) bool { return p.Place != nil })
}

func (rec *record) configMap() (*core.ConfigMap, error) {
	text, err := json.Marshal(rec)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the record of incarnation %s: %w", rec.ID, err)
	}
	m := &core.ConfigMap{ObjectMeta: object(rec.ID), Data: map[string]string{recordKey: string(text)}}
	if rec.Abandoned != nil {
		m.Annotations = map[string]string{abandonedAnnotation: rec.Abandoned.Who + " at " + rec.Abandoned.At.Format(time.RFC3339)}
	}
	return m, nil
}

func parseRecord(m *core.ConfigMap) (record, error) {
	var rec record
	if m.Labels[managedLabel] != managedBy {
		return rec, fmt.Errorf("%w: ConfigMap %s", ErrForeign, m.Name)
	}
	if err := json.Unmarshal([]byte(m.Data[recordKey]), &rec); err != nil {
		return rec, fmt.Errorf("cannot understand the record of incarnation %s: %w", m.Labels[incarnationLabel], err)
	}
	return rec, nil
}

// read reads a record live; false if there is none.
func (r *Runtime) read(ctx context.Context, id runtime.IncarnationID) (record, string, bool, error) {
	m, err := r.api.CoreV1().ConfigMaps(r.config.Namespace).Get(ctx, nameOf(id), meta.GetOptions{})
	if apierrors.IsNotFound(err) {
		return record{ID: id}, "", false, r.stillThere(ctx)
	}
	if err = explain(err); errors.Is(err, ErrRefused) { // our rights go with the namespace
		err = cmp.Or(r.stillThere(ctx), err)
	}
	if err != nil {
		return record{}, "", false, err
	}
	rec, err := parseRecord(m)
	return rec, m.ResourceVersion, err == nil, err
}

// change changes a record; fn may see it more than once, and is called with a new one where there is none. Nothing is written
// if fn answers false.
func (r *Runtime) change(ctx context.Context, id runtime.IncarnationID, fn func(*record) (bool, error)) (record, error) {
	maps := r.api.CoreV1().ConfigMaps(r.config.Namespace)
	for {
		rec, version, there, err := r.read(ctx, id)
		if err != nil {
			return rec, err
		}
		if write, err := fn(&rec); err != nil || !write {
			return rec, err
		}
		m, err := rec.configMap()
		if err != nil {
			return rec, err
		}
		if there {
			m.ResourceVersion = version
			_, err = maps.Update(ctx, m, meta.UpdateOptions{})
		} else {
			_, err = maps.Create(ctx, m, meta.CreateOptions{})
		}
		switch {
		case err == nil:
			r.remember(rec)
			return rec, nil
		case !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err):
			return rec, explain(err)
		}
	}
}

// changeProcess changes one process in its record, if it still is in the same life.
func (r *Runtime) changeProcess(ctx context.Context, id runtime.IncarnationID, of process, fn func(*process) bool) (record, error) {
	return r.change(ctx, id, func(rec *record) (bool, error) {
		p := rec.find(of.ProcessID)
		if p == nil || p.Life != of.Life {
			return false, nil
		}
		return fn(p), nil
	})
}
