package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drey/internal/runtime"
)

// Identity implements [runtime.Runtime]: the UIDs of kube-system, which is the cluster, and of our namespace.
func (r *Runtime) Identity(ctx context.Context) (string, error) {
	var uids [2]string
	for i, name := range []string{meta.NamespaceSystem, r.config.Namespace} {
		n, err := r.owning.CoreV1().Namespaces().Get(ctx, name, meta.GetOptions{})
		if err != nil {
			return "", fmt.Errorf("cannot read namespace %s: %w", name, explain(err))
		}
		if n.DeletionTimestamp != nil {
			return "", fmt.Errorf("%w: %s is being deleted", ErrNoNamespace, name)
		}
		uids[i] = string(n.UID)
	}
	now := uids[0] + "/" + uids[1]
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.identity == "" {
		r.identity = now
	}
	if r.identity != now {
		return "", fmt.Errorf("%w: namespace %s was %s and is %s now", runtime.ErrWrongTarget, r.config.Namespace, r.identity, now)
	}
	return now, nil
}

const (
	leaseName       = "drey"
	epochAnnotation = "drey.dev/epoch"
)

// ErrOwned says that another server has the target.
var ErrOwned = errors.New("the target belongs to another server")

// Claim implements [runtime.Runtime]: the lock is a Lease of the namespace. One that another server holds is waited for: it is
// taken once nobody renewed it for its whole term, by our clock alone. Our own predecessor's is taken at once.
func (r *Runtime) Claim(ctx context.Context, holder string, epoch int64, ttl time.Duration) (int64, error) {
	if _, err := r.Identity(ctx); err != nil {
		return 0, err
	}
	leases := r.owning.CoordinationV1().Leases(r.config.Namespace)
	var seen string
	var since time.Time
	for {
		lease, err := leases.Get(ctx, leaseName, meta.GetOptions{})
		if apierrors.IsNotFound(err) {
			lease, err = &coordination.Lease{ObjectMeta: meta.ObjectMeta{Name: leaseName, Labels: map[string]string{managedLabel: managedBy}}}, nil
		}
		if err != nil {
			return 0, fmt.Errorf("cannot read the target's lock: %w", explain(err))
		}
		highest, err := epochOf(lease)
		if err != nil {
			return 0, err
		}
		if epoch < highest {
			return highest, fmt.Errorf("epoch %d of %s is below %d, the highest ever here", epoch, holder, highest)
		}
		if by := lease.Spec.HolderIdentity; by != nil && *by != holder && !runtime.SameSeat(*by, holder) {
			if seen != lease.ResourceVersion {
				if seen != "" {
					return highest, fmt.Errorf("%w: %s", ErrOwned, *by)
				}
				seen, since = lease.ResourceVersion, time.Now()
			}
			if term := termOf(lease); time.Since(since) < term {
				select {
				case <-ctx.Done():
					return highest, fmt.Errorf("%w: %s: %w", ErrOwned, *by, ctx.Err())
				case <-time.After(min(term/5, time.Second)):
				}
				continue
			}
		}
		sign(lease, holder, epoch, ttl)
		if lease.ResourceVersion == "" {
			_, err = leases.Create(ctx, lease, meta.CreateOptions{})
		} else {
			_, err = leases.Update(ctx, lease, meta.UpdateOptions{})
		}
		switch {
		case err == nil:
			return epoch, nil
		case !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err):
			return highest, fmt.Errorf("cannot write the target's lock: %w", explain(err))
		}
	}
}

func epochOf(lease *coordination.Lease) (int64, error) {
	text := lease.Annotations[epochAnnotation]
	if text == "" {
		return 0, nil
	}
	epoch, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("cannot understand the epoch of the target's lock: %w", err)
	}
	return epoch, nil
}

func termOf(lease *coordination.Lease) time.Duration {
	if lease.Spec.LeaseDurationSeconds == nil {
		return 0
	}
	return time.Duration(*lease.Spec.LeaseDurationSeconds) * time.Second
}

func sign(lease *coordination.Lease, holder string, epoch int64, ttl time.Duration) {
	if lease.Annotations == nil {
		lease.Annotations = map[string]string{}
	}
	lease.Annotations[epochAnnotation] = strconv.FormatInt(epoch, 10)
	now, seconds := meta.NowMicro(), int32(max(1, (ttl+time.Second-1)/time.Second))
	if lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity != holder {
		lease.Spec.AcquireTime = &now
	}
	lease.Spec.HolderIdentity, lease.Spec.RenewTime, lease.Spec.LeaseDurationSeconds = &holder, &now, &seconds
}

// Fits implements [runtime.Runtime], by the quotas of the namespace. Where there is none, nobody can tell: what the nodes have
// is shared with others.
func (r *Runtime) Fits(ctx context.Context, needMB int64) (runtime.Fit, error) {
	quotas, err := r.api.CoreV1().ResourceQuotas(r.config.Namespace).List(ctx, meta.ListOptions{})
	if apierrors.IsForbidden(err) {
		return runtime.Fit{}, nil
	}
	if err != nil {
		return runtime.Fit{}, fmt.Errorf("cannot read the quotas of the namespace: %w", explain(err))
	}
	var fit runtime.Fit
	for _, q := range quotas.Items {
		for _, name := range []core.ResourceName{core.ResourceMemory, core.ResourceRequestsMemory, core.ResourceLimitsMemory} {
			hard, bounded := q.Status.Hard[name]
			if !bounded {
				continue
			}
			used := q.Status.Used[name]
			free := max(0, (hard.Value()-used.Value())>>20)
			if !fit.Known || free < fit.FreeMB {
				fit.Known, fit.FreeMB = true, free
			}
		}
	}
	fit.Fits = fit.Known && needMB <= fit.FreeMB
	return fit, nil
}

// parseProcess reads "taskmanager-0".
func parseProcess(name string) (runtime.ProcessID, error) {
	role, index, found := strings.Cut(name, "-")
	n, err := strconv.Atoi(index)
	if !found || err != nil {
		return runtime.ProcessID{}, fmt.Errorf("%q is no process", name)
	}
	return runtime.ProcessID{Role: runtime.Role(role), Index: n}, nil
}
