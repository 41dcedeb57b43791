package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/arm/v20261101"
	"drey/internal/daemon"
)

// placed is a session that knows its place, and no server.
func placed(in string) *session {
	return &session{&app{in: strings.NewReader(in), now: noon}, &client{conn: daemon.Connection{SubscriptionID: "s", ResourceGroup: "dev", Pool: "local"}}}
}

func TestFilesDeclareResources(t *testing.T) {
	t.Parallel()
	const pools = "/subscriptions/s/resourceGroups/dev/providers/Microsoft.HDInsight/clusterpools"
	for why, tt := range map[string]struct {
		text string
		want []string // kind, path, api-version
	}{
		"one in JSON":                  {`{"type":"Microsoft.HDInsight/clusterpools","name":"p"}`, []string{"pool " + pools + "/p 2026-11-01"}},
		"a cluster of the pool in use": {`{"type":"microsoft.hdinsight/clusterPools/CLUSTERS","name":"c"}`, []string{"cluster " + pools + "/local/clusters/c 2026-11-01"}},
		"by its id":                    {`{"type":"Microsoft.HDInsight/clusterpools","name":"p","id":"/subscriptions/x/p"}`, []string{"pool /subscriptions/x/p 2026-11-01"}},
		"a date is an api-version":     {"type: Microsoft.HDInsight/clusterpools\nname: p\napiVersion: 2024-05-01\n", []string{"pool " + pools + "/p 2024-05-01"}},
		"several documents, pools first": {"type: Microsoft.HDInsight/clusterpools/clusters\nname: p/c\n---\n---\ntype: Microsoft.HDInsight/clusterpools\nname: p\n",
			[]string{"pool " + pools + "/p 2026-11-01", "cluster " + pools + "/p/clusters/c 2026-11-01"}},
		"a list": {`[{"type":"Microsoft.HDInsight/clusterpools","name":"p"},{"type":"Microsoft.HDInsight/clusterpools","name":"q"}]`,
			[]string{"pool " + pools + "/p 2026-11-01", "pool " + pools + "/q 2026-11-01"}},
		"a template": {`{"$schema":"x","contentVersion":"1.0.0.0","parameters":{"a":{"type":"string"}},"resources":[{"type":"Microsoft.HDInsight/clusterpools","name":"p","dependsOn":["[resourceId('x')]"],
			"tags":{"plain":"[[text]"},"resources":[{"type":"clusters","name":"c"}]},{"type":"Other/things","condition":false}]}`,
			[]string{"pool " + pools + "/p 2026-11-01", "cluster " + pools + "/p/clusters/c 2026-11-01"}},
		"a template with symbolic names": {`{"languageVersion":"2.0","resources":{"x":{"type":"Microsoft.HDInsight/clusterpools","name":"p"}}}`, []string{"pool " + pools + "/p 2026-11-01"}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			all, err := placed(tt.text).declarations([]string{"-"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range all {
				got = append(got, r.kind+" "+r.path+" "+r.version)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestFilesThatDeclareNothingClearAreRefused(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct{ text, says string }{
		"nothing":                   {"", "no resource is declared"},
		"neither JSON nor YAML":     {"{", "neither JSON nor YAML"},
		"a text":                    {"hello", "where a resource should be"},
		"another type":              {`{"type":"Microsoft.Compute/vm","name":"x"}`, "is not known here"},
		"no name":                   {`{"type":"Microsoft.HDInsight/clusterpools"}`, "no name of a pool"},
		"a pool called as cluster":  {`{"type":"Microsoft.HDInsight/clusterpools","name":"a/b"}`, "no name of a pool"},
		"a cluster of three parts":  {`{"type":"Microsoft.HDInsight/clusterpools/clusters","name":"a/b/c"}`, "no name of a cluster"},
		"a member that is none":     {`{"type":"Microsoft.HDInsight/clusterpools","name":"p","propertys":{}}`, `no member "propertys"`},
		"twice the same":            {`[{"type":"Microsoft.HDInsight/clusterpools","name":"p"},{"type":"Microsoft.HDInsight/clusterpools","name":"P"}]`, "declared twice"},
		"a template function":       {`{"resources":[{"type":"Microsoft.HDInsight/clusterpools","name":"[parameters('p')]"}]}`, "name is a template function"},
		"a function deep inside":    {`{"resources":[{"type":"Microsoft.HDInsight/clusterpools","name":"p","properties":{"a":[{"b":"[concat('x')]"}]}}]}`, "properties.a[0].b is a template function"},
		"a copy loop":               {`{"resources":[{"type":"Microsoft.HDInsight/clusterpools","name":"p","copy":{"count":2}}]}`, `no member "copy"`},
		"a YAML key that is a list": {"? [a]\n: b\n", "neither JSON nor YAML"},
	} {
		_, err := placed(tt.text).declarations([]string{"-"})
		if err == nil || asFailure(err).Exit != exitUsage || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want %q", why, err, tt.says)
		}
	}
}

func TestAFolderMeansItsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"b.yaml": "type: Microsoft.HDInsight/clusterpools\nname: b\n", "a.json": `{"type":"Microsoft.HDInsight/clusterpools","name":"a"}`, "read.me": "?"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := placed("").declarations([]string{dir})
	if err != nil || len(all) != 2 || all[0].name != "a" || all[1].name != "b" {
		t.Errorf("got %v (%v)", all, err)
	}
}

// The wire types say which members only the server makes.
func TestWhatTheServerMakesIsNotExported(t *testing.T) {
	t.Parallel()
	var made []string
	var walk func(at string, of reflect.Type)
	walk = func(at string, of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			return
		}
		for i := range of.NumField() {
			f := of.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			below := strings.TrimPrefix(at+"."+name, ".")
			switch {
			case strings.Contains(f.Tag.Get("arm"), "readonly"):
				made = append(made, below)
			case f.Anonymous && name == "":
				walk(at, f.Type)
			default:
				walk(below, f.Type)
			}
		}
	}
	walk("", reflect.TypeFor[v20261101.Cluster]())
	if len(made) < 5 {
		t.Fatalf("only %v are found", made)
	}
	for _, at := range made {
		if !slices.Contains(readOnly, at) {
			t.Errorf("the server makes %s, but it is exported", at)
		}
	}
}
