package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"drey/internal/flink"
	"drey/test/kube"
)

// operatorVariable names a checkout of github.com/apache/flink-kubernetes-operator in which operatorBuild was run. Its jars are on no registry.
const (
	operatorVariable = "OPERATOR"
	operatorBuild    = "mvn package -pl flink-kubernetes-operator -am -DskipTests " +
		"-Dmaven.antrun.skip -Dspotless.check.skip -Dcheckstyle.skip -Drat.skip -Dmaven.javadoc.skip -Dmaven.source.skip -Dcyclonedx.skip"
)

// operator is the Flink Kubernetes Operator with what the Helm chart configures, beside the cluster as our server is: what an update waits for in
// it is the same as in a pod.
type operator struct {
	cluster *kube.Cluster
	target  *kube.Target
	objects dynamic.Interface
	home    string // the checkout
	dir     string // its configuration, its log, and the names that it knows
	cmd     *exec.Cmd
	gone    chan struct{} // closed when cmd ended
	quit    context.CancelFunc
	defined []string // names of definitions
	version string
}

var (
	definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	deployments = schema.GroupVersionResource{Group: "flink.apache.org", Version: "v1beta1", Resource: "flinkdeployments"}
)

// newOperator starts the operator of a checkout, for the namespace of a target.
func newOperator(ctx context.Context, c *kube.Cluster, t *kube.Target, home, dir string) (*operator, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, err
	}
	o := &operator{cluster: c, target: t, home: home, dir: dir, gone: make(chan struct{})}
	if o.objects, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	for _, prepare := range []func(context.Context) error{o.define, o.allow, o.signIn, o.writeScripts, o.writeConfig, o.start} {
		if err := prepare(ctx); err != nil {
			return nil, errors.Join(err, o.end(ctx))
		}
	}
	return o, nil
}

// define makes the operator's resources known to the API server.
func (o *operator) define(ctx context.Context) error {
	files, err := filepath.Glob(filepath.Join(o.home, "helm/flink-kubernetes-operator/crds/*.yml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s=%s: there is no checkout of the operator", operatorVariable, o.home)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(text, &object.Object); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		loosen(object)
		if _, err := o.objects.Resource(definitions).Create(ctx, object, meta.CreateOptions{}); err != nil {
			return err
		}
		o.defined = append(o.defined, object.GetName())
	}
	return until(ctx, time.Minute, 100*time.Millisecond, func() (bool, error) {
		_, err := o.objects.Resource(deployments).Namespace(o.target.Namespace).List(ctx, meta.ListOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// loosen takes out of a definition what keeps it, or a deployment, from being accepted: the release lists versions of Flink up to 2.2 where its
// code knows 2.3, and its build writes a scale that Kubernetes refuses for blue-green deployments.
func loosen(definition *unstructured.Unstructured) {
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	for _, version := range versions {
		unstructured.RemoveNestedField(version.(map[string]any), "subresources", "scale")
		unstructured.RemoveNestedField(version.(map[string]any), "schema", "openAPIV3Schema", "properties", "spec", "properties", "flinkVersion", "enum")
	}
	_ = unstructured.SetNestedSlice(definition.Object, versions, "spec", "versions")
}

// allow gives the JobManagers' account the rights to make TaskManagers, and to lead.
func (o *operator) allow(ctx context.Context) error {
	return allow(ctx, o.cluster, o.target.Namespace, "flink-native",
		rbac.PolicyRule{APIGroups: []string{"", "apps"}, Resources: []string{"pods", "configmaps", "services", "deployments"}, Verbs: []string{"*"}})
}

// signIn makes the operator an account with all rights, and a kubeconfig with a token of it: Flink's client in it cannot read the administrator's key.
func (o *operator) signIn(ctx context.Context) error {
	account := meta.ObjectMeta{Name: "flink-operator", Namespace: o.target.Namespace}
	accounts := o.cluster.Client.CoreV1().ServiceAccounts(account.Namespace)
	if _, err := accounts.Create(ctx, &core.ServiceAccount{ObjectMeta: account}, meta.CreateOptions{}); err != nil {
		return err
	}
	_, err := o.cluster.Client.RbacV1().ClusterRoleBindings().Create(ctx, &rbac.ClusterRoleBinding{ObjectMeta: meta.ObjectMeta{Name: o.binding()},
		RoleRef:  rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects: []rbac.Subject{{Kind: rbac.ServiceAccountKind, Name: account.Name, Namespace: account.Namespace}}}, meta.CreateOptions{})
	if err != nil {
		return err
	}
	lasts := int64((6 * time.Hour).Seconds())
	token, err := accounts.CreateToken(ctx, account.Name, &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{ExpirationSeconds: &lasts}}, meta.CreateOptions{})
	if err != nil {
		return err
	}
	config, err := clientcmd.LoadFromFile(o.cluster.Kubeconfig())
	if err != nil {
		return err
	}
	for name := range config.AuthInfos {
		config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	}
	return clientcmd.WriteToFile(*config, o.kubeconfig())
}

func (o *operator) kubeconfig() string { return filepath.Join(o.dir, "kubeconfig") }

// binding is the name of what gives the operator its rights.
func (o *operator) binding() string { return "flink-operator-" + o.target.Namespace }

// scripts is where pods find what their command lines begin with: the image has Flink and Java, and no bash.
func (o *operator) scripts() string { return filepath.Join(o.target.Storage, "operator", "bin") }

// writeScripts writes stand-ins for the image's scripts. They come to the same command lines, a second sooner: no JVM says how much memory there is.
func (o *operator) writeScripts(context.Context) error {
	if err := o.target.MakeFolder(o.scripts()); err != nil {
		return err
	}
	jm, err := flink.NewJobManagerMemory(shippedMemory)
	if err != nil {
		return err
	}
	tm, err := flink.NewTaskManagerMemory(shippedMemory)
	if err != nil {
		return err
	}
	for name, script := range map[string]string{
		"entry.sh":                 "PATH=" + o.scripts() + ":$PATH\nshift 2\nexec sh -c \"$*\"", // bash -c "kubernetes-….sh …"
		"kubernetes-jobmanager.sh": "exec " + quoted(append(java(jm.JVMArgs()), "org.apache.flink.kubernetes.entrypoint.KubernetesApplicationClusterEntrypoint")),
		"kubernetes-taskmanager.sh": "exec " + quoted(append(java(tm.JVMArgs()), "org.apache.flink.kubernetes.taskmanager.KubernetesTaskExecutorRunner", "--configDir", "/opt/flink/conf")) +
			` "$@"`,
	} {
		if err := os.WriteFile(filepath.Join(o.scripts(), name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// quoted is a command line for a shell.
func quoted(words []string) string { return "'" + strings.Join(words, "' '") + "'" }

// writeConfig writes what the chart's values say, and how the operator logs.
func (o *operator) writeConfig(context.Context) error {
	for name, text := range map[string]string{
		"config.yaml":              "kubernetes.operator.reconcile.interval: 15 s\nkubernetes.operator.observer.progress-check.interval: 5 s\n",
		"log4j-console.properties": consoleLog,
		// Names are not kept: a Service of before has another address than the one now.
		"security": "networkaddress.cache.ttl=0\nnetworkaddress.cache.negative.ttl=0\n",
		"hosts":    "127.0.0.1 localhost\n",
	} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (o *operator) start(ctx context.Context) error {
	target := filepath.Join(o.home, "flink-kubernetes-operator", "target")
	shaded, err := filepath.Glob(filepath.Join(target, "flink-kubernetes-operator-*-shaded.jar"))
	if err != nil {
		return err
	}
	standalone, err := filepath.Glob(filepath.Join(o.home, "flink-kubernetes-standalone", "target", "flink-kubernetes-standalone-*.jar"))
	if err != nil {
		return err
	}
	standalone = slices.DeleteFunc(standalone, func(jar string) bool { return strings.HasSuffix(jar, "-tests.jar") })
	if len(shaded) != 1 || len(standalone) != 1 {
		return fmt.Errorf("the operator in %s is not built; there: %s", o.home, operatorBuild)
	}
	o.version = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(shaded[0]), "flink-kubernetes-operator-"), "-shaded.jar")
	log, err := os.Create(filepath.Join(o.dir, "operator.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	at := func(name string) string { return filepath.Join(o.dir, name) }
	o.cmd = o.cluster.Command(context.Background(), "java", "-Djdk.net.hosts.file="+at("hosts"), "-Djava.security.properties="+at("security"),
		"-Dlog4j.configurationFile=file:"+at("log4j-console.properties"), "-cp", strings.Join([]string{standalone[0], shaded[0], target + "/log4j/*"}, ":"),
		"org.apache.flink.kubernetes.operator.FlinkOperator")
	o.cmd.Env = append(os.Environ(), "KUBECONFIG="+o.kubeconfig(), "FLINK_CONF_DIR="+o.dir, "FLINK_PLUGINS_DIR="+target+"/plugins", "OPERATOR_NAMESPACE="+o.target.Namespace,
		"OPERATOR_NAME=flink-operator", "WATCH_NAMESPACES="+o.target.Namespace, "KUBERNETES_SERVICE_HOST=127.0.0.1") // without the last it looks for all REST ports at localhost
	o.cmd.Stdout, o.cmd.Stderr = log, log
	o.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := o.cmd.Start(); err != nil {
		return err
	}
	go func() { _ = o.cmd.Wait(); close(o.gone) }()
	ctx, o.quit = context.WithCancel(context.WithoutCancel(ctx))
	go o.tellNames(ctx)
	return nil
}

// tellNames stands in for the cluster's DNS, which test/kube has not: the operator finds a Service's name as soon as there is one.
func (o *operator) tellNames(ctx context.Context) {
	_ = until(ctx, 24*time.Hour, 50*time.Millisecond, func() (bool, error) {
		all, err := o.cluster.Client.CoreV1().Services(o.target.Namespace).List(ctx, meta.ListOptions{})
		if err != nil {
			return false, nil // the next look may see them
		}
		text := "127.0.0.1 localhost\n"
		for _, s := range all.Items {
			if s.Spec.ClusterIP != "None" {
				text += fmt.Sprintf("%s %s.%s\n", s.Spec.ClusterIP, s.Name, s.Namespace)
			}
		}
		part := filepath.Join(o.dir, "hosts.part")
		if os.WriteFile(part, []byte(text), 0o600) == nil {
			_ = os.Rename(part, filepath.Join(o.dir, "hosts"))
		}
		return false, nil
	})
}

// end ends the operator, and takes its resources from the API server.
func (o *operator) end(ctx context.Context) error {
	if o.quit != nil {
		o.quit()
		_ = syscall.Kill(-o.cmd.Process.Pid, syscall.SIGTERM)
		<-o.gone
	}
	ctx = context.WithoutCancel(ctx)
	err := o.cluster.Client.RbacV1().ClusterRoleBindings().Delete(ctx, o.binding(), meta.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		err = nil // it came no further
	}
	for _, name := range o.defined {
		err = errors.Join(err, o.objects.Resource(definitions).Delete(ctx, name, meta.DeleteOptions{}))
	}
	return err
}

// said is the end of the operator's log.
func (o *operator) said() string {
	text, _ := os.ReadFile(filepath.Join(o.dir, "operator.log"))
	return string(text[max(0, len(text)-4000):])
}
