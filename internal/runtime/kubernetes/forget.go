package kubernetes

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/runtime"
)

// Abandon implements [runtime.Runtime]: it leaves a tombstone with the person's name. It ends nothing and proves nothing; a Kill
// that follows takes this word where it finds no better one.
func (r *Runtime) Abandon(ctx context.Context, id runtime.IncarnationID, who string) error {
	if err := checkID(id); err != nil {
		return err
	}
	_, err := r.change(ctx, id, func(rec *record) (bool, error) {
		if rec.Abandoned != nil { // it has its tombstone
			return false, nil
		}
		rec.Tombstone, rec.Abandoned = true, &word{Who: who, At: time.Now().UTC()}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("cannot abandon incarnation %s: %w", id, err)
	}
	r.log.InfoContext(ctx, "incarnation abandoned", "incarnation", id, "who", who)
	return nil
}

// Forget implements [runtime.Runtime]. It refuses what is not proven dead, unless a person said so and nothing is there. The
// record and the output stay.
func (r *Runtime) Forget(ctx context.Context, id runtime.IncarnationID) error {
	if err := checkID(id); err != nil {
		return err
	}
	defer r.ids.lock(string(id))()
	rec, pods, err := r.look(ctx, id)
	if err != nil {
		return fmt.Errorf("cannot forget incarnation %s: %w", id, err)
	}
	if len(rec.Processes) == 0 && !rec.Tombstone {
		return nil
	}
	s, err := r.observe(ctx, rec, pods)
	if err != nil {
		return fmt.Errorf("cannot forget incarnation %s: %w", id, err)
	}
	if !s.Dead && (rec.Abandoned == nil || len(pods) > 0) {
		return fmt.Errorf("cannot forget incarnation %s: it is not dead", id)
	}
	r.forgetView(id)
	deletions := []error{
		r.api.CoreV1().Services(r.config.Namespace).Delete(ctx, nameOf(id), meta.DeleteOptions{}),
		r.api.CoreV1().Secrets(r.config.Namespace).Delete(ctx, nameOf(id), meta.DeleteOptions{}),
	}
	if rec.Isolated {
		deletions = append(deletions, r.api.NetworkingV1().NetworkPolicies(r.config.Namespace).Delete(ctx, nameOf(id), meta.DeleteOptions{}))
	}
	for _, err := range deletions {
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot forget incarnation %s: %w", id, explain(err))
		}
	}
	_, err = r.bury(ctx, rec, pods, false)
	return err
}
