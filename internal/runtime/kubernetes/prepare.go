package kubernetes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/runtime"
)

// Prepare implements [runtime.Runtime]. It comes back when each process runs or has ended, not when the gate is ready.
func (r *Runtime) Prepare(ctx context.Context, inc runtime.Incarnation) error {
	err := check(inc)
	if err == nil {
		defer r.ids.lock(string(inc.ID))()
		err = r.prepare(ctx, inc)
	}
	if err != nil {
		return fmt.Errorf("cannot prepare incarnation %s: %w", inc.ID, err)
	}
	r.log.InfoContext(ctx, "incarnation prepared", "incarnation", inc.ID, "processes", len(inc.Processes))
	return nil
}

func (r *Runtime) prepare(ctx context.Context, inc runtime.Incarnation) error {
	rec, _, there, err := r.read(ctx, inc.ID)
	switch {
	case err != nil:
		return err
	case rec.Tombstone:
		return runtime.ErrDead
	case !there:
		if err := checkSources(inc.Artifacts); err != nil {
			return err
		}
	}
	if rec, err = r.record(ctx, inc); err != nil {
		return err
	}
	if rec, err = r.address(ctx, rec); err != nil {
		return err
	}
	secret, err := secretOf(inc, r.keepers.keyOf(inc.ID))
	if err != nil {
		return err
	}
	if rec.Processes[0].Place == nil { // later than that it was made, and may be gone
		_, err = r.api.CoreV1().Secrets(r.config.Namespace).Create(ctx, secret, meta.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("cannot make its secret: %w", explain(err))
		}
	}
	if err := r.bringUp(ctx, rec, func(p process) bool { return p.Life == 1 && p.Place == nil && p.Exit == nil }); err != nil {
		return err
	}
	if rec, _, _, err = r.read(ctx, inc.ID); err == nil && rec.Tombstone { // a kill came between: what it could not see is not left behind
		return errors.Join(runtime.ErrDead, r.killAll(ctx, inc.ID))
	}
	return err
}

// record makes the record, once.
func (r *Runtime) record(ctx context.Context, inc runtime.Incarnation) (record, error) {
	image, err := r.config.Image(inc.Distribution)
	if err != nil {
		return record{}, err
	}
	return r.change(ctx, inc.ID, func(rec *record) (bool, error) {
		switch {
		case rec.Tombstone:
			return false, runtime.ErrDead
		case len(rec.Processes) > 0:
			return false, nil
		}
		rec.Image, rec.Artifacts = image.Name, inc.Artifacts
		for _, f := range inc.Files {
			rec.Files = append(rec.Files, f.Name)
		}
		for _, p := range inc.Processes {
			rec.Processes = append(rec.Processes, process{ProcessID: p.ProcessID, Gate: p.Gate, MemoryMB: p.MemoryMB, Ports: p.Ports, Life: 1})
		}
		slices.SortFunc(rec.Processes, func(a, b process) int { return compare(a.ProcessID, b.ProcessID) })
		return true, nil
	})
}

// address makes the Service, once, and writes down its address.
func (r *Runtime) address(ctx context.Context, rec record) (record, error) {
	if rec.Address != "" {
		return rec, nil
	}
	var ports []int
	for _, p := range rec.Processes {
		if p.Gate {
			ports = append(ports, p.Ports...)
		}
	}
	services := r.api.CoreV1().Services(r.config.Namespace)
	made, err := services.Create(ctx, service(rec.ID, ports), meta.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		made, err = services.Get(ctx, nameOf(rec.ID), meta.GetOptions{})
	}
	if err != nil {
		return rec, fmt.Errorf("cannot make its service: %w", explain(err))
	}
	if made.Labels[incarnationLabel] != string(rec.ID) {
		return rec, fmt.Errorf("%w: Service %s", ErrForeign, made.Name)
	}
	return r.change(ctx, rec.ID, func(rec *record) (bool, error) {
		rec.Address = made.Spec.ClusterIP
		return true, nil
	})
}

// bringUp makes the pods of the processes that wanted says were never made, and waits until each process runs or has ended.
func (r *Runtime) bringUp(ctx context.Context, rec record, wanted func(process) bool) error {
	for _, p := range rec.Processes {
		if !wanted(p) {
			continue
		}
		made, err := r.api.CoreV1().Pods(r.config.Namespace).Create(ctx, r.pod(rec, p), meta.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("cannot make the pod of %s: %w", p.ProcessID, explain(err))
		}
		if err == nil {
			r.log.DebugContext(ctx, "pod made", "pod", made.Name)
		}
	}
	failed := make(chan error, len(rec.Processes))
	for _, p := range rec.Processes {
		go func() { failed <- r.awaitProcess(ctx, rec.ID, p, rec.Artifacts) }()
	}
	var all []error
	for range rec.Processes {
		all = append(all, <-failed)
	}
	return errors.Join(all...)
}

// awaitProcess waits until a process runs or has ended; on the way its keeper gets the artifacts that it misses.
func (r *Runtime) awaitProcess(ctx context.Context, id runtime.IncarnationID, p process, artifacts []runtime.Artifact) error {
	wait := backoff{}
	for {
		rec, pods, err := r.look(ctx, id)
		if err != nil {
			return err
		}
		if rec.Tombstone {
			return runtime.ErrDead
		}
		now, pod := rec.find(p.ProcessID), podOf(id, pods, p)
		if now == nil || now.Exit != nil || now.Life != p.Life {
			return nil
		}
		if pod == nil {
			return fmt.Errorf("the pod of %s is gone", p.ProcessID)
		}
		up, err := r.help(ctx, rec, *now, pod, artifacts)
		if err != nil || up {
			return err
		}
		if why := stuck(pod); why != nil {
			return fmt.Errorf("%s does not start: %w", p.ProcessID, why)
		}
		if !wait.sleep(ctx) {
			return fmt.Errorf("%s does not run yet (pod %s is %s): %w", p.ProcessID, pod.Name, pod.Status.Phase, ctx.Err())
		}
	}
}

// help does what a process needs to start; true if it runs or has ended.
func (r *Runtime) help(ctx context.Context, rec record, p process, pod *core.Pod, artifacts []runtime.Artifact) (bool, error) {
	a, reachable := whereIs(pod)
	if !reachable {
		_, over := exitOf(pod)
		return over, nil
	}
	s, err := r.keepers.ask(ctx, a, p.ProcessID)
	if err != nil { // not up yet, or gone: the next look says which
		return false, nil
	}
	if p.Place == nil {
		if err := r.settleIn(ctx, rec.ID, p, pod); err != nil {
			return false, err
		}
	}
	for _, digest := range s.Missing {
		if err := r.bring(ctx, a, digest, artifacts); err != nil {
			return false, fmt.Errorf("cannot bring an artifact to %s: %w", p.ProcessID, err)
		}
	}
	return s.PID != 0, nil
}

// settleIn writes down where a process runs, before it can be released.
func (r *Runtime) settleIn(ctx context.Context, id runtime.IncarnationID, p process, pod *core.Pod) error {
	where := &place{UID: string(pod.UID), Node: pod.Spec.NodeName}
	m := r.machine(ctx, pod.Spec.NodeName)
	where.NodeUID, where.SystemUUID, where.BootID = m.nodeUID, m.systemUUID, m.bootID
	_, err := r.changeProcess(ctx, id, p, func(p *process) bool {
		if p.Place != nil {
			return false
		}
		p.Place = where
		return true
	})
	return err
}

// machine asks who a node is; nobody, if we may not.
func (r *Runtime) machine(ctx context.Context, node string) machine {
	n, err := r.api.CoreV1().Nodes().Get(ctx, node, meta.GetOptions{})
	if err != nil {
		return machine{}
	}
	return machine{string(n.UID), n.Status.NodeInfo.SystemUUID, n.Status.NodeInfo.BootID}
}

func (r *Runtime) bring(ctx context.Context, a at, digest string, artifacts []runtime.Artifact) error {
	i := slices.IndexFunc(artifacts, func(a runtime.Artifact) bool { return a.SHA256 == digest })
	if i < 0 {
		return fmt.Errorf("nobody knows an artifact with digest %s", digest)
	}
	f, err := os.Open(artifacts[i].Source)
	if err != nil {
		return fmt.Errorf("cannot open artifact %s: %w", artifacts[i].Name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := r.keepers.of(a).Bring(ctx, digest, f, info.Size()); err != nil {
		return fmt.Errorf("%s: %w", artifacts[i].Name, err)
	}
	return nil
}

// checkSources refuses artifacts that no keeper would take, before anything is made.
func checkSources(artifacts []runtime.Artifact) error {
	seen := map[string]bool{}
	for _, a := range artifacts {
		if seen[a.Source] {
			continue
		}
		seen[a.Source] = true
		f, err := os.Open(a.Source)
		if err != nil {
			return fmt.Errorf("cannot open artifact %s: %w", a.Name, err)
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		f.Close()
		if err != nil {
			return fmt.Errorf("cannot read artifact %s: %w", a.Name, err)
		}
		if hex.EncodeToString(sum.Sum(nil)) != a.SHA256 {
			return fmt.Errorf("artifact %s is not what it should be: its digest is another one", a.Name)
		}
	}
	return nil
}

var fileName = regexp.MustCompile(`^[A-Za-z0-9][-._A-Za-z0-9]{0,200}$`) // as a key of a Secret may be

// check refuses what would leave the folders of the incarnation, or could never start.
func check(inc runtime.Incarnation) error {
	if err := checkID(inc.ID); err != nil {
		return err
	}
	for _, f := range inc.Files {
		if !fileName.MatchString(f.Name) {
			return fmt.Errorf("%q is no name of a file", f.Name)
		}
	}
	for _, a := range inc.Artifacts {
		if !filepath.IsLocal(a.Name) || a.Name == "." || !filepath.IsAbs(a.Source) {
			return fmt.Errorf("artifact %q has no proper name or source", a.Name)
		}
	}
	seen := map[runtime.ProcessID]bool{}
	for _, p := range inc.Processes {
		if seen[p.ProcessID] || p.Index < 0 || !roleName.MatchString(string(p.Role)) {
			return fmt.Errorf("%q is no process, or is there twice", p.ProcessID)
		}
		seen[p.ProcessID] = true
		if len(p.Args) == 0 || !path.IsAbs(p.Args[0]) {
			return fmt.Errorf("%s names no executable by absolute path", p.ProcessID)
		}
	}
	if len(inc.Processes) == 0 {
		return errors.New("it has no processes")
	}
	return nil
}

var roleName = regexp.MustCompile(`^[a-z]{1,16}$`)

// backoff is a wait that grows.
type backoff struct{ next time.Duration }

// sleep answers false when ctx ends.
func (b *backoff) sleep(ctx context.Context) bool {
	b.next = min(max(2*b.next, 25*time.Millisecond), 200*time.Millisecond)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(b.next):
		return true
	}
}
