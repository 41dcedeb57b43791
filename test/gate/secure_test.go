package gate

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drey/internal/flink"
	"drey/internal/runtime"
	"drey/internal/runtime/kubernetes"
)

const strayID = "ffeeddccbbaa99887766554433221100"

var strayTaskManager = runtime.ProcessID{Role: runtime.TaskManager, Index: 1}

func TestNobodyIsHeardWithoutTheIncarnationsIdentity(t *testing.T) {
	for _, version := range append(strings.Fields(env(t, "DREY_TEST_LINES")), env(t, "DREY_TEST_FLINK")) {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			own, others := identityOf(t, id), identityOf(t, strayID)
			c := startAs(t, own, version, "witness.jar", 1, []string{flink.PreparePlan, flink.PrepareWarmUp}, "--rate", "100")
			if got := c.report(); got.Failure != nil || got.WarmUpFailure != "" || got.WarmUpMillis <= 0 {
				t.Errorf("its own preparation found %+v", got)
			}
			for name, port := range map[string]int{"REST": c.plan.Ports.REST, "RPC": c.plan.Ports.RPC} {
				for who, tt := range map[string]struct {
					shown *tls.Certificate
					heard bool
				}{"itself": {own, true}, "a stranger": {nil, false}, "another incarnation": {others, false}} {
					connection, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port), as(tt.shown, own))
					if (err == nil) != tt.heard {
						t.Errorf("its %s port hears %s: %t (%v)", name, who, err == nil, err)
					}
					if err == nil {
						connection.Close()
					}
				}
			}
			if _, err := flink.New(strings.Replace(c.rest, "https", "http", 1), nil).Overview(t.Context()); err == nil {
				t.Error("its REST interface answers without TLS")
			}
			c.strays(others)
		})
	}
}

// strays has a TaskManager of another incarnation look for this JobManager, in vain.
func (c *cluster) strays(identity *tls.Certificate) {
	c.t.Helper()
	plan := c.plan
	plan.Incarnation, plan.TaskManagers = strayID, 2
	c.prepare(plan, identity, 2)
	c.await("refused stray", func() bool { return strings.Contains(c.logOf(strayID, strayTaskManager), "SSLHandshakeException") })
	if n := get[slots](c, "/overview").Total; n != 1 {
		c.t.Errorf("%d slots are registered, want this incarnation's own one", n)
	}
}

// identityOf is what the Kubernetes runtime gives an incarnation.
func identityOf(t *testing.T, id runtime.IncarnationID) *tls.Certificate {
	t.Helper()
	const nowhere = `{"clusters":[{"name":"c","cluster":{"server":"https://127.0.0.1:1"}}],"contexts":[{"name":"c","context":{"cluster":"c"}}],"current-context":"c"}`
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(nowhere), 0o600); err != nil {
		t.Fatal(err)
	}
	rt, err := kubernetes.New(kubernetes.Config{
		Kubeconfig: kubeconfig, Namespace: "flink", Dir: t.TempDir(), Key: strings.Repeat("k", 32), Drey: "drey", TLS: true,
		Image: func(string) (kubernetes.Image, error) { return kubernetes.Image{Name: "flink"}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	layout, err := rt.Layout(t.Context(), runtime.Shape{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return layout.Identity
}

// as shows an identity (nil: none), whether it is welcome or not, and trusts only another. By TLS 1.2 a handshake is over when both have been heard.
func as(shown, trusted *tls.Certificate) *tls.Config {
	only := x509.NewCertPool()
	only.AddCert(trusted.Leaf)
	return &tls.Config{
		RootCAs: only, ServerName: trusted.Leaf.DNSNames[0], MaxVersion: tls.VersionTLS12,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if shown == nil {
				return &tls.Certificate{}, nil
			}
			return shown, nil
		},
	}
}

// clientAs asks as an incarnation's own server.
func clientAs(identity *tls.Certificate) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: as(identity, identity)}}
}
