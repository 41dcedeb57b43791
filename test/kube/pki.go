package kube

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// authority signs the certificates of a cluster. It lives as long as writePKI: nothing is signed later.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// identity is a key with its certificate, both as PEM.
type identity struct{ cert, key []byte }

// writePKI writes every key, certificate and kubeconfig of a cluster.
func (f folders) writePKI() error {
	key, err := newKey()
	if err != nil {
		return err
	}
	root, err := cert.NewSelfSignedCACert(cert.Config{CommonName: "drey-kube"}, key)
	if err != nil {
		return err
	}
	ca := authority{root, key}
	if err := os.MkdirAll(f.pki(""), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(f.pki("ca.crt"), ca.pem(), 0o644); err != nil {
		return err
	}
	return f.writeIdentities(ca)
}

func (f folders) writeIdentities(ca authority) error {
	inside, outside := "https://"+controlIP, "https://127.0.0.1"
	for _, write := range []func() error{
		func() error { return f.writeServiceAccountKey() },
		func() error { return f.writeServer(ca, "apiserver", controlIP, firstService, "127.0.0.1") },
		func() error { return f.writeClient(ca, "apiserver-kubelet-client", "system:masters") },
		func() error { return f.writeKubeconfig(ca, "admin", outside, "admin", "system:masters") },
		func() error {
			return f.writeKubeconfig(ca, "controller-manager", outside, "system:kube-controller-manager")
		},
		func() error { return f.writeKubeconfig(ca, "scheduler", outside, "system:kube-scheduler") },
		func() error { return f.writeKubeconfig(ca, "kube-proxy", inside, "system:kube-proxy") },
	} {
		if err := write(); err != nil {
			return fmt.Errorf("cannot write the cluster's keys: %w", err)
		}
	}
	for i := 1; i <= maxNodes; i++ {
		if err := f.writeServer(ca, nodeName(i), nodeIP(i)); err != nil {
			return err
		}
		if err := f.writeKubeconfig(ca, nodeName(i), inside, "system:node:"+nodeName(i), "system:nodes"); err != nil {
			return err
		}
	}
	return nil
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func (ca authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: ca.cert.Raw})
}

// issue makes an identity that is known by name as user, by groups, and by addresses as server.
func (ca authority) issue(name string, groups, addresses []string) (identity, error) {
	key, err := newKey()
	if err != nil {
		return identity{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return identity{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: groups},
		NotBefore:    ca.cert.NotBefore,
		NotAfter:     ca.cert.NotAfter.Add(-time.Second),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, address := range addresses {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(address))
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key.Public(), ca.key)
	if err != nil {
		return identity{}, err
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	return identity{pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: der}), keyPEM}, err
}

func (f folders) writeServer(ca authority, name string, addresses ...string) error {
	id, err := ca.issue(name, nil, addresses)
	if err != nil {
		return err
	}
	return f.writeIdentity(name, id)
}

func (f folders) writeClient(ca authority, name string, groups ...string) error {
	id, err := ca.issue(name, groups, nil)
	if err != nil {
		return err
	}
	return f.writeIdentity(name, id)
}

func (f folders) writeIdentity(name string, id identity) error {
	if err := os.WriteFile(f.pki(name+".crt"), id.cert, 0o644); err != nil {
		return err
	}
	return os.WriteFile(f.pki(name+".key"), id.key, 0o600)
}

func (f folders) writeKubeconfig(ca authority, file, server, user string, groups ...string) error {
	id, err := ca.issue(user, groups, nil)
	if err != nil {
		return err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["drey-kube"] = &clientcmdapi.Cluster{Server: fmt.Sprintf("%s:%d", server, apiPort), CertificateAuthorityData: ca.pem()}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: id.cert, ClientKeyData: id.key}
	config.Contexts["drey-kube"] = &clientcmdapi.Context{Cluster: "drey-kube", AuthInfo: user}
	config.CurrentContext = "drey-kube"
	return clientcmd.WriteToFile(*config, f.pki(file+".kubeconfig"))
}

// writeServiceAccountKey writes the key that signs the tokens of service accounts.
func (f folders) writeServiceAccountKey() error {
	key, err := newKey()
	if err != nil {
		return err
	}
	text, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	return os.WriteFile(f.pki("sa.key"), text, 0o600)
}
