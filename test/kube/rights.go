package kube

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
)

// Namespace makes a namespace with all that deploy/kubernetes/rbac.yaml has, for one test, and a kubeconfig of its ServiceAccount. After the
// test it is taken away with all in it, also what only a person's word could take away.
func (c *Cluster) Namespace(t testing.TB) (name, kubeconfig string) {
	t.Helper()
	name = newName()
	t.Cleanup(func() {
		if err := c.RemoveNamespace(context.Background(), name); err != nil {
			t.Logf("cannot remove namespace %s: %v", name, err)
		}
	})
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := c.makeNamespace(t.Context(), name, kubeconfig); err != nil {
		t.Fatal(err)
	}
	return name, kubeconfig
}

// newName is one that no namespace had.
func newName() string { return fmt.Sprintf("run-%d", time.Now().UnixNano()) }

func (c *Cluster) makeNamespace(ctx context.Context, name, kubeconfig string) error {
	err := c.giveRights(ctx, name)
	if err == nil {
		err = c.await(ctx, "kube-controller-manager", nil, func(ctx context.Context) error {
			_, err := c.Client.CoreV1().ServiceAccounts(name).Get(ctx, "default", meta.GetOptions{}) // no pod is accepted before it is there
			return err
		})
	}
	if err == nil {
		err = c.writeKubeconfig(kubeconfig, "system:serviceaccount:"+name+":drey")
	}
	if err != nil {
		return fmt.Errorf("cannot make namespace %s: %w", name, err)
	}
	return nil
}

// writeKubeconfig writes the administrator's, acting as somebody else.
func (c *Cluster) writeKubeconfig(file, user string) error {
	config, err := clientcmd.LoadFromFile(c.Kubeconfig())
	if err != nil {
		return err
	}
	for _, info := range config.AuthInfos {
		info.Impersonate = user
	}
	return clientcmd.WriteToFile(*config, file)
}

// giveRights makes the objects of rbac.yaml for a namespace.
func (c *Cluster) giveRights(ctx context.Context, namespace string) error {
	module, err := moduleFolder(ctx)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(module, "deploy/kubernetes/rbac.yaml"))
	if err != nil {
		return err
	}
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(bytes.ReplaceAll(text, []byte("drey-flink"), []byte(namespace)))))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
		if err != nil {
			return err
		}
		if err := c.create(ctx, namespace, object); err != nil {
			return err
		}
	}
}

func (c *Cluster) create(ctx context.Context, namespace string, object runtime.Object) (err error) {
	options := meta.CreateOptions{}
	switch o := object.(type) {
	case *core.Namespace:
		_, err = c.Client.CoreV1().Namespaces().Create(ctx, o, options)
	case *core.ServiceAccount:
		_, err = c.Client.CoreV1().ServiceAccounts(namespace).Create(ctx, o, options)
	case *rbac.Role:
		_, err = c.Client.RbacV1().Roles(namespace).Create(ctx, o, options)
	case *rbac.RoleBinding:
		_, err = c.Client.RbacV1().RoleBindings(namespace).Create(ctx, o, options)
	case *rbac.ClusterRole:
		_, err = c.Client.RbacV1().ClusterRoles().Create(ctx, o, options)
	case *rbac.ClusterRoleBinding:
		_, err = c.Client.RbacV1().ClusterRoleBindings().Create(ctx, o, options)
	default:
		err = fmt.Errorf("rbac.yaml has a %T, which the tests do not know", o)
	}
	return err
}

// RemoveNamespace takes a namespace away with all in it and with its rights, also what only a person's word could take away. What is not there is no error.
func (c *Cluster) RemoveNamespace(ctx context.Context, name string) error {
	pods, err := c.Client.CoreV1().Pods(name).List(ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	errs := []error{
		there(c.Client.CoreV1().Namespaces().Delete(ctx, name, meta.DeleteOptions{})),
		there(c.Client.RbacV1().ClusterRoles().Delete(ctx, "drey-identity-"+name, meta.DeleteOptions{})),
		there(c.Client.RbacV1().ClusterRoleBindings().Delete(ctx, "drey-identity-"+name, meta.DeleteOptions{})),
	}
	for _, p := range pods.Items {
		errs = append(errs, c.Strip(ctx, &p))
	}
	return errors.Join(errs...)
}

// there is err, unless it says that something is not there.
func there(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// Strip takes all finalizers from a pod, as a stranger may. A pod that is not there is no error.
func (c *Cluster) Strip(ctx context.Context, p *core.Pod) error {
	_, err := c.Client.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), meta.PatchOptions{})
	return there(err)
}
