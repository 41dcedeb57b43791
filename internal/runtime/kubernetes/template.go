package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	strict "sigs.k8s.io/json"
)

// Template is what pods get beside what the runtime itself needs: for the namespace's sake, or a job's. Its keys are those of a pod's
// metadata and spec, and of its one container.
type Template struct {
	Labels                       map[string]string           `json:"labels,omitempty"`
	Annotations                  map[string]string           `json:"annotations,omitempty"`
	NodeSelector                 map[string]string           `json:"nodeSelector,omitempty"`
	Tolerations                  []core.Toleration           `json:"tolerations,omitempty"`
	Affinity                     *core.Affinity              `json:"affinity,omitempty"`
	PriorityClassName            string                      `json:"priorityClassName,omitempty"`
	ServiceAccountName           string                      `json:"serviceAccountName,omitempty"`
	AutomountServiceAccountToken bool                        `json:"automountServiceAccountToken,omitempty"`
	ImagePullSecrets             []core.LocalObjectReference `json:"imagePullSecrets,omitempty"`
	Env                          []core.EnvVar               `json:"env,omitempty"`
	Volumes                      []core.Volume               `json:"volumes,omitempty"`
	VolumeMounts                 []core.VolumeMount          `json:"volumeMounts,omitempty"`
	EphemeralStorage             *resource.Quantity          `json:"ephemeralStorage,omitempty"` // of the node's disk: logs, working state, /tmp
}

const maxTemplate = 16 << 10 // bytes: it is kept in each incarnation's record

// ParseTemplate reads a template as JSON; "" is an empty one. It refuses unknown keys, and all that would break what we promise of pods. An
// error names the key.
func ParseTemplate(text string) (t Template, err error) {
	if text == "" {
		return t, nil
	}
	if len(text) > maxTemplate {
		return t, fmt.Errorf("it is longer than %d bytes", maxTemplate)
	}
	unknown, err := strict.UnmarshalStrict([]byte(text), &t)
	if err != nil {
		return t, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if len(unknown) > 0 {
		return t, fmt.Errorf("%w; its keys are %s", errors.Join(unknown...), strings.Join(templateKeys(), ", "))
	}
	return t, t.check()
}

func templateKeys() (keys []string) {
	for i := range reflect.TypeFor[Template]().NumField() {
		key, _, _ := strings.Cut(reflect.TypeFor[Template]().Field(i).Tag.Get("json"), ",")
		keys = append(keys, key)
	}
	return keys
}

// over lays a job's template over the namespace's: what both say once is the job's word, lists have both.
func (t Template) over(base Template) (Template, error) {
	out := base
	out.Labels, out.Annotations, out.NodeSelector = both(base.Labels, t.Labels), both(base.Annotations, t.Annotations), both(base.NodeSelector, t.NodeSelector)
	out.Tolerations = slices.Concat(base.Tolerations, t.Tolerations)
	out.ImagePullSecrets = slices.Concat(base.ImagePullSecrets, t.ImagePullSecrets)
	out.Env = slices.Concat(slices.DeleteFunc(slices.Clone(base.Env), func(e core.EnvVar) bool {
		return slices.ContainsFunc(t.Env, func(own core.EnvVar) bool { return own.Name == e.Name })
	}), t.Env)
	out.Volumes = slices.Concat(base.Volumes, t.Volumes)
	out.VolumeMounts = slices.Concat(base.VolumeMounts, t.VolumeMounts)
	if t.Affinity != nil {
		out.Affinity = t.Affinity
	}
	if t.EphemeralStorage != nil {
		out.EphemeralStorage = t.EphemeralStorage
	}
	if t.PriorityClassName != "" {
		out.PriorityClassName = t.PriorityClassName
	}
	if t.ServiceAccountName != "" {
		out.ServiceAccountName, out.AutomountServiceAccountToken = t.ServiceAccountName, t.AutomountServiceAccountToken
	}
	return out, out.check()
}

func both(a, b map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	if len(out) == 0 {
		return nil
	}
	return out
}

// CheckTemplate refuses a job's template that its pods could not have.
func (r *Runtime) CheckTemplate(text string) error {
	_, err := r.template(text)
	return err
}

func (r *Runtime) template(text string) (Template, error) {
	t, err := ParseTemplate(text)
	if err != nil {
		return t, err
	}
	if t, err = t.over(r.config.Template); err != nil {
		return t, err
	}
	for i, v := range t.Volumes {
		if c := v.PersistentVolumeClaim; c != nil && c.ClaimName == r.config.Claim {
			return t, fmt.Errorf("volumes[%d] is the claim that Drey mounts already, at %s", i, r.config.Mount)
		}
	}
	for i, m := range t.VolumeMounts {
		if r.config.Claim != "" && overlap(m.MountPath, r.config.Mount) {
			return t, fmt.Errorf("volumeMounts[%d].mountPath %s is where Drey mounts its storage", i, m.MountPath)
		}
	}
	return t, nil
}

// apply gives a pod what t says. Nothing that is there already is replaced.
func (t Template) apply(p *core.Pod) {
	for key, value := range t.Labels {
		if _, ours := p.Labels[key]; !ours {
			p.Labels[key] = value
		}
	}
	p.Annotations = t.Annotations
	spec, flink := &p.Spec, &p.Spec.Containers[0]
	spec.NodeSelector, spec.Affinity, spec.PriorityClassName = t.NodeSelector, t.Affinity, t.PriorityClassName
	spec.Tolerations = slices.Concat(spec.Tolerations, t.Tolerations)
	spec.ImagePullSecrets = t.ImagePullSecrets
	spec.ServiceAccountName = t.ServiceAccountName
	spec.AutomountServiceAccountToken = &t.AutomountServiceAccountToken
	flink.Env = slices.Concat(flink.Env, t.Env)
	spec.Volumes = slices.Concat(spec.Volumes, t.Volumes)
	flink.VolumeMounts = slices.Concat(flink.VolumeMounts, t.VolumeMounts)
	if t.EphemeralStorage != nil {
		flink.Resources.Requests[core.ResourceEphemeralStorage] = *t.EphemeralStorage
		flink.Resources.Limits[core.ResourceEphemeralStorage] = *t.EphemeralStorage
	}
}

// names are the environment variables that the process gets from its container.
func (t Template) names() (all []string) {
	for _, e := range t.Env {
		all = append(all, e.Name)
	}
	return all
}

// TemplateText is what [ParseTemplate] reads, from a value that YAML or JSON made; "" of an empty one.
func TemplateText(value map[string]any) (string, error) {
	if len(value) == 0 {
		return "", nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}
