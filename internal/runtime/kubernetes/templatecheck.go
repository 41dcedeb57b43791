package kubernetes

import (
	"fmt"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// check refuses what would take a pod out of our hands, or give a job more than a job may have: docs/kubernetes.md says what and why.
func (t Template) check() error {
	for _, look := range []func(Template) error{
		Template.checkMetadata, Template.checkPlace, Template.checkAccount, Template.checkEnv, Template.checkVolumes, Template.checkMounts, Template.checkDisk,
	} {
		if err := look(t); err != nil {
			return err
		}
	}
	return nil
}

func (t Template) checkMetadata() error {
	for _, key := range sortedKeys(t.Labels) {
		if ofDrey(key) {
			return fmt.Errorf("labels: %s is Drey's own", key)
		}
		if wrong := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(t.Labels[key])...); len(wrong) > 0 {
			return fmt.Errorf("labels: %s: %s", key, wrong[0])
		}
	}
	for _, key := range sortedKeys(t.Annotations) {
		if ofDrey(key) {
			return fmt.Errorf("annotations: %s is Drey's own", key)
		}
		if domain, _, _ := strings.Cut(key, "/"); strings.Contains(domain, "security.") {
			return fmt.Errorf("annotations: %s would change the security of pods", key)
		}
		if wrong := validation.IsQualifiedName(strings.ToLower(key)); len(wrong) > 0 {
			return fmt.Errorf("annotations: %s: %s", key, wrong[0])
		}
	}
	return nil
}

func ofDrey(key string) bool {
	domain, _, _ := strings.Cut(key, "/")
	return domain == "drey.dev" || strings.HasSuffix(domain, ".drey.dev") || key == managedLabel
}

// checkPlace: a pod that stays on a node which is not heard of, or is said to be off, would say nothing of its end.
func (t Template) checkPlace() error {
	for i, toleration := range t.Tolerations {
		lost := slices.Contains([]string{"", core.TaintNodeNotReady, core.TaintNodeUnreachable, core.TaintNodeOutOfService}, toleration.Key)
		if lost && (toleration.Effect == "" || toleration.Effect == core.TaintEffectNoExecute) {
			return fmt.Errorf("tolerations[%d] tolerates the loss of its node: name another key, or an effect other than NoExecute", i)
		}
	}
	return nil
}

func (t Template) checkAccount() error {
	if t.ServiceAccountName == managedBy {
		return fmt.Errorf("serviceAccountName: %s is Drey's own", t.ServiceAccountName)
	}
	if t.AutomountServiceAccountToken && t.ServiceAccountName == "" {
		return fmt.Errorf("automountServiceAccountToken wants a serviceAccountName")
	}
	for i, s := range t.ImagePullSecrets {
		if s.Name == "" {
			return fmt.Errorf("imagePullSecrets[%d] has no name", i)
		}
	}
	return nil
}

// ownVariables are set by Drey, or would run other code in the process than the job's.
var ownVariables = regexp.MustCompile(`^(DREY_.*|FLINK_.*|LD_.*|JAVA_HOME|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|PATH|` + addressVariable + `)$`)

func (t Template) checkEnv() error {
	seen := map[string]bool{}
	for i, e := range t.Env {
		switch {
		case len(validation.IsEnvVarName(e.Name)) > 0:
			return fmt.Errorf("env[%d]: %q is no name of a variable", i, e.Name)
		case ownVariables.MatchString(e.Name):
			return fmt.Errorf("env[%d]: %s is Drey's own", i, e.Name)
		case seen[e.Name]:
			return fmt.Errorf("env[%d]: %s is there twice", i, e.Name)
		}
		seen[e.Name] = true
		if from := e.ValueFrom; from != nil {
			if s := from.SecretKeyRef; s != nil && reserved(s.Name) {
				return fmt.Errorf("env[%d]: the Secret %s is Drey's own", i, s.Name)
			}
			if c := from.ConfigMapKeyRef; c != nil && reserved(c.Name) {
				return fmt.Errorf("env[%d]: the ConfigMap %s is Drey's own", i, c.Name)
			}
		}
	}
	return nil
}

// reserved reports whether an object of the namespace is called as one of ours is.
func reserved(name string) bool {
	return name == managedBy || strings.HasPrefix(name, managedBy+"-") || strings.HasPrefix(name, "data-"+managedBy+"-")
}

// ownVolumes are those of every pod.
var ownVolumes = []string{"bin", "run", "tmp", "keep", "conf", "storage"}

func (t Template) checkVolumes() error {
	seen := map[string]bool{}
	for i, v := range t.Volumes {
		at := fmt.Sprintf("volumes[%d] (%s)", i, v.Name)
		switch {
		case len(validation.IsDNS1123Label(v.Name)) > 0:
			return fmt.Errorf("volumes[%d]: %q is no name", i, v.Name)
		case slices.Contains(ownVolumes, v.Name):
			return fmt.Errorf("%s: a volume of that name is Drey's own", at)
		case seen[v.Name]:
			return fmt.Errorf("%s is there twice", at)
		}
		seen[v.Name] = true
		if err := t.checkSource(v.VolumeSource); err != nil {
			return fmt.Errorf("%s %w", at, err)
		}
	}
	return nil
}

// harmless are the kinds of volumes that the restricted pod security level has, by their fields of [core.VolumeSource].
var harmless = []string{"ConfigMap", "CSI", "DownwardAPI", "EmptyDir", "Ephemeral", "PersistentVolumeClaim", "Projected", "Secret"}

func (t Template) checkSource(s core.VolumeSource) error {
	kinds := 0
	for i := range reflect.TypeOf(s).NumField() {
		if reflect.ValueOf(s).Field(i).IsNil() {
			continue
		}
		kinds++
		if kind := reflect.TypeOf(s).Field(i); !slices.Contains(harmless, kind.Name) {
			key, _, _ := strings.Cut(kind.Tag.Get("json"), ",")
			return fmt.Errorf("is a %s, which reaches out of the pod: put it behind a persistentVolumeClaim", key)
		}
	}
	if kinds != 1 {
		return fmt.Errorf("must be of one kind, and is of %d", kinds)
	}
	names := []string{}
	switch {
	case s.Secret != nil:
		names = append(names, s.Secret.SecretName)
	case s.ConfigMap != nil:
		names = append(names, s.ConfigMap.Name)
	case s.PersistentVolumeClaim != nil:
		names = append(names, s.PersistentVolumeClaim.ClaimName)
	case s.Projected != nil:
		for _, p := range s.Projected.Sources {
			switch {
			case p.ServiceAccountToken != nil && t.ServiceAccountName == "":
				return fmt.Errorf("has a serviceAccountToken, which wants a serviceAccountName")
			case p.Secret != nil:
				names = append(names, p.Secret.Name)
			case p.ConfigMap != nil:
				names = append(names, p.ConfigMap.Name)
			}
		}
	}
	for _, name := range names {
		if reserved(name) {
			return fmt.Errorf("is %s, which is Drey's own", name)
		}
	}
	return nil
}

// ownPlaces are where a pod has something of ours or of the system's.
var ownPlaces = []string{"/drey", "/tmp", "/dev", "/proc", "/sys", "/etc", "/bin", "/usr", "/lib"}

func (t Template) checkMounts() error {
	for i, m := range t.VolumeMounts {
		at := fmt.Sprintf("volumeMounts[%d]", i)
		if !slices.ContainsFunc(t.Volumes, func(v core.Volume) bool { return v.Name == m.Name }) {
			return fmt.Errorf("%s.name: volumes has no %q", at, m.Name)
		}
		if !path.IsAbs(m.MountPath) || path.Clean(m.MountPath) != m.MountPath || strings.Contains(m.MountPath, ":") {
			return fmt.Errorf("%s.mountPath: %q is no absolute path", at, m.MountPath)
		}
		if m.MountPropagation != nil && *m.MountPropagation != core.MountPropagationNone {
			return fmt.Errorf("%s.mountPropagation reaches out of the pod", at)
		}
		for _, place := range ownPlaces {
			if overlap(m.MountPath, place) {
				return fmt.Errorf("%s.mountPath: %s is in the way of %s", at, m.MountPath, place)
			}
		}
	}
	return nil
}

func (t Template) checkDisk() error {
	if t.EphemeralStorage != nil && t.EphemeralStorage.Sign() <= 0 {
		return fmt.Errorf("ephemeralStorage is %s, and must be more than nothing", t.EphemeralStorage)
	}
	return nil
}

// overlap reports whether one path is the other, or below it.
func overlap(a, b string) bool {
	return a == b || a == "/" || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}
