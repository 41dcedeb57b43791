package simulated

import (
	"archive/zip"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drey/internal/arm/v20261101"
	"drey/internal/daemon"
)

// client calls the server's API.
type client struct {
	http     http.Client
	endpoint string
	token    string
	pools    string // path of the pools
	pool     string // path of the pool that all clusters are in
}

const (
	account = "abfs://flink@local.dfs.core.windows.net"
	jars    = "abfs://jobs@local.dfs.core.windows.net"
	jarName = "job.jar"
)

type object = map[string]any

var pool = object{"location": "simulated", "properties": object{"computeProfile": object{"vmSize": "Standard_E4s_v3"}}}

// connect makes a client of the server whose data directory this is.
func connect(dir string) (*client, error) {
	conn, err := daemon.ReadConnection(filepath.Join(dir, daemon.ConnectionFile))
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(conn.CAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	c := &client{endpoint: conn.Endpoint, pools: "/subscriptions/" + conn.SubscriptionID + "/resourceGroups/" + conn.ResourceGroup + "/providers/Microsoft.HDInsight/clusterpools"}
	c.pool = c.pools + "/sim"
	c.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	answer, err := c.http.PostForm(conn.TokenEndpoint, url.Values{"grant_type": {"client_credentials"}, "client_id": {conn.ClientID},
		"client_secret": {conn.ClientSecret}, "scope": {"https://management.azure.com/.default"}})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil {
		return nil, err
	}
	c.token = "Bearer " + token.AccessToken
	return c, nil
}

// call sends a request, and answers its status and body.
func (c *client) call(method, path string, body any) (int, []byte, error) {
	raw, isRaw := body.([]byte)
	if !isRaw && body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return 0, nil, err
		}
	}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	request, err := http.NewRequest(method, c.endpoint+path+sep+"api-version=2026-11-01", bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", c.token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}

// must sends a request that has to succeed.
func (s *server) must(method, path string, body any) []byte {
	s.t.Helper()
	status, text, err := s.call(method, path, body)
	if err != nil || status >= 300 {
		s.t.Fatalf("%s %s: %d %v %s\n%s", method, path, status, err, text, s.log())
	}
	return text
}

// operations of a cluster, newest first; also of one that is gone.
func (s *server) operations(name string) []v20261101.Operation {
	s.t.Helper()
	var list struct{ Value []v20261101.Operation }
	if err := json.Unmarshal(s.must("GET", s.pool+"/operations?cluster="+name, nil), &list); err != nil {
		s.t.Fatal(err)
	}
	return list.Value
}

// outcome waits for the end of the newest operation of a kind on a cluster.
func (s *server) outcome(name, kind string) (found v20261101.Operation) {
	s.t.Helper()
	s.until(kind+" of "+name+" ends", func() string {
		for _, op := range s.operations(name) {
			if op.Properties.Kind == kind {
				found = op
				if op.Properties.EndTime == "" {
					return fmt.Sprintf("it is at %s", op.Properties.Step)
				}
				return ""
			}
		}
		return "there is none"
	})
	return found
}

// state is a property of the resource at a path: its phase word, or its provisioningState; "" if it is not there.
func (s *server) state(path, property string) string {
	s.t.Helper()
	status, text, err := s.call("GET", path, nil)
	if status == http.StatusNotFound {
		return ""
	}
	var resource struct{ Properties object }
	if err == nil {
		err = json.Unmarshal(text, &resource)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprint(resource.Properties[property])
}

// stands waits until a property of the resource at a path has a value.
func (s *server) stands(path, property, value string) {
	s.t.Helper()
	s.until(path+": "+property+" is "+value, func() string {
		if now := s.state(path, property); now != value {
			return "it is " + now
		}
		return ""
	})
}

// clusterBody declares a cluster with one TaskManager.
func clusterBody(conf map[string]string, jar string) object {
	resources := object{"cpu": 1, "memory": 2000}
	return object{"location": "simulated", "properties": object{
		"clusterType":    "Flink",
		"computeProfile": object{"nodes": []any{object{"type": "Worker", "vmSize": "Standard_D4s_v5", "count": 1}}},
		"clusterProfile": object{"clusterVersion": "1.2.2", "ossVersion": "2.3.0", "authorizationProfile": object{}, "flinkProfile": object{
			"storage": object{"storageUri": account}, "numReplicas": 1, "deploymentMode": "Application", "jobManager": resources, "taskManager": resources,
			"flinkConfiguration": conf, "jobSpec": object{"jobJarDirectory": jars, "jarName": jar, "entryClass": "Counter", "upgradeMode": "UPDATE"},
		}},
	}}
}

// jar is a jar with one class, of which only the name is looked at.
func jar(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	_, err := z.Create("Counter.class")
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
