package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"drey/test/kube"
)

// operated is the witness job as a FlinkDeployment in native mode, with what plain objects give their pods.
type operated struct {
	workload
	*operator
	name   string
	starts int
}

// startOperated starts the operator of a checkout, and with it the job.
func startOperated(ctx context.Context, c *kube.Cluster, t *kube.Target, home, dir string, w workload) (*operated, error) {
	o, err := newOperator(ctx, c, t, home, dir)
	if err != nil {
		return nil, err
	}
	j := &operated{workload: w, operator: o, name: "operated"}
	if err := j.create(ctx); err != nil {
		return nil, errors.Join(err, j.remove(ctx))
	}
	return j, nil
}

func (j *operated) at() dynamic.ResourceInterface {
	return j.objects.Resource(deployments).Namespace(j.target.Namespace)
}

func (j *operated) folder(kind string) string {
	return filepath.Join(j.target.Storage, "operated", j.name, kind)
}

// create makes the deployment, and waits until the operator calls it stable.
func (j *operated) create(ctx context.Context) error {
	j.starts++
	_, err := j.at().Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": deployments.GroupVersion().String(), "kind": "FlinkDeployment", "metadata": map[string]any{"name": j.name}, "spec": j.spec(),
	}}, meta.CreateOptions{})
	if err != nil {
		return err
	}
	return j.stable(ctx)
}

// spec is all that a start is made of.
func (j *operated) spec() map[string]any {
	version := os.Getenv("DREY_TEST_FLINK")
	config := map[string]any{
		"kubernetes.entry.path": filepath.Join(j.scripts(), "entry.sh"), "high-availability.type": "kubernetes", "high-availability.storageDir": "file://" + j.folder("ha"),
		"execution.checkpointing.dir": "file://" + j.folder("checkpoints"), "execution.checkpointing.savepoint-dir": "file://" + j.folder("savepoints"),
		"kubernetes.jobmanager.cpu.limit-factor": "20", "kubernetes.taskmanager.cpu.limit-factor": "20", // as good as none
	}
	for _, pair := range kubeConfig {
		key, value, _ := strings.Cut(pair, "=")
		config[key] = value
	}
	args := []any{}
	for _, arg := range j.args() {
		args = append(args, arg)
	}
	role := func(memory string) map[string]any {
		return map[string]any{"resource": map[string]any{"cpu": 0.1, "memory": shippedMemory[memory]}}
	}
	return map[string]any{
		"image": kube.FlinkImage(version), "imagePullPolicy": "Never", "flinkVersion": "v" + strings.ReplaceAll(version[:strings.LastIndex(version, ".")], ".", "_"),
		"serviceAccount": "default", "flinkConfiguration": config, "podTemplate": j.template(),
		"jobManager": role("jobmanager.memory.process.size"), "taskManager": role("taskmanager.memory.process.size"),
		"job": map[string]any{"jarURI": "local:///opt/flink/usrlib/witness.jar", "entryClass": "witness.WitnessJob", "parallelism": int64(1), "upgradeMode": "savepoint", "args": args},
	}
}

// template is what the level `restricted` accepts.
func (j *operated) template() map[string]any {
	variable := func(name, value string) any { return map[string]any{"name": name, "value": value} }
	env := []any{variable(incarnationVariable, fmt.Sprintf("%s-%s-%d/%s", j.target.Namespace, j.name, j.starts, roles[1])),
		variable("FLINK_CONF_DIR", "/opt/flink/conf"), variable("FLINK_LIB_DIR", "/opt/flink/lib"), variable("FLINK_PLUGINS_DIR", "/opt/flink/plugins")}
	return map[string]any{"spec": map[string]any{
		"securityContext": map[string]any{"runAsNonRoot": true, "runAsUser": int64(9999), "runAsGroup": int64(9999), "fsGroup": int64(9999), "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
		"containers": []any{map[string]any{
			"name": "flink-main-container", "env": env,
			"securityContext": map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}},
			"volumeMounts": []any{map[string]any{"name": "storage", "mountPath": j.target.Storage},
				map[string]any{"name": "storage", "mountPath": "/opt/flink/usrlib", "subPath": "local/jobs", "readOnly": true}},
		}},
		"volumes": []any{map[string]any{"name": "storage", "persistentVolumeClaim": map[string]any{"claimName": j.target.Claim}}},
	}}
}

// update changes the job's arguments, and answers the gap in seconds: last record before to first record after.
func (j *operated) update(ctx context.Context) (float64, error) {
	if err := j.stable(ctx); err != nil {
		return 0, err
	}
	writer, err := j.grows(ctx, 500)
	if err != nil {
		return 0, err
	}
	j.change++
	j.starts++
	patch, err := json.Marshal(map[string]any{"spec": j.spec()})
	if err != nil {
		return 0, err
	}
	if _, err := j.at().Patch(ctx, j.name, types.MergePatchType, patch, meta.PatchOptions{}); err != nil {
		return 0, err
	}
	begin, err := j.next(ctx, writer)
	if err != nil {
		return 0, fmt.Errorf("%w; the operator said:\n%s", err, j.said())
	}
	return begin.First.Sub(begin.Before).Seconds(), nil
}

// stable waits until the operator has nothing to do.
func (j *operated) stable(ctx context.Context) error {
	var state string
	err := until(ctx, patience, 200*time.Millisecond, func() (bool, error) {
		object, err := j.at().Get(ctx, j.name, meta.GetOptions{})
		if err != nil {
			return false, err
		}
		state, _, _ = unstructured.NestedString(object.Object, "status", "lifecycleState")
		return state == "STABLE", nil
	})
	if err != nil {
		return fmt.Errorf("the operator's deployment is %q: %w; it said:\n%s", state, err, j.said())
	}
	return nil
}

// remove takes the job away, and the operator with it.
func (j *operated) remove(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if err := j.at().Delete(ctx, j.name, meta.DeleteOptions{}); err == nil {
		err = until(ctx, time.Minute, 200*time.Millisecond, func() (bool, error) {
			_, err := j.at().Get(ctx, j.name, meta.GetOptions{})
			return apierrors.IsNotFound(err), nil
		})
		if err != nil { // the namespace would wait for it for ever
			_, _ = j.at().Patch(ctx, j.name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), meta.PatchOptions{})
		}
	}
	return j.end(ctx)
}
