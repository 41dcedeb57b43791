package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goldenSettings = `current: dev
contexts:
  dev: {connection: /srv/drey/connection.json, group: dev, pool: local}
  prod: {server: https://flink.example, subscription: s2, group: prod, pool: analytics, confirm: always}
defaults: {time: utc}
`

const goldenFiles = `[{"type": "Microsoft.HDInsight/clusterpools/clusters", "apiVersion": "2026-11-01", "name": "local/orders", "location": "Local", "tags": {"team": "flink"},
  "properties": {"clusterType": "Flink", "computeProfile": {"nodes": []}, "clusterProfile": {"clusterVersion": "1.2.2", "ossVersion": "2.3.1", "authorizationProfile": {}}}},
 {"type": "Microsoft.HDInsight/clusterpools/clusters", "apiVersion": "2026-11-01", "name": "fresh", "location": "local", "properties": {}},
 {"type": "Microsoft.HDInsight/clusterpools", "name": "local", "location": "local", "tags": {"team": "flink"},
  "properties": {"clusterPoolProfile": {"clusterPoolVersion": "1.2"}, "computeProfile": {"vmSize": "Standard_D4s_v5"}}}]`

// goldens are command lines, one for each command.
var goldens = []string{
	"context list", "context show prod", "context use prod", "context set dev -p analytics", "context delete prod",
	"config list --show-origin", "config get pool", "config set pool analytics", "config unset time",
	"group list", "group show analytics", "group create analytics --tag team=flink", "group delete analytics -y",
	"pool list", "pool show", "pool create analytics --tag team=flink", "pool update analytics --tag team=flink", "pool delete analytics -y", "pool wait analytics", "pool versions",
	"cluster list", "cluster show orders", "cluster create fresh --jar abfs://a@b/c.jar --no-wait", "cluster update orders --set properties.x=1", "cluster resize orders 4",
	"cluster delete orders -y", "cluster wait orders", "cluster watch going", "cluster export orders", "cluster declare-dead orders -y",
	"cluster upgrade list orders", "cluster upgrade run orders", "cluster upgrade history orders",
	"cluster version list orders", "cluster version show orders 2", "cluster version diff orders 2 3", "cluster version rollback orders 1",
	"job list", "job show orders", "job start orders", "job stop orders", "job update orders", "job stateless-update orders", "job last-state-update orders",
	"job savepoint orders", "job relaunch orders", "job cancel orders -y", "job incarnation list orders",
	"savepoint list orders", "savepoint show orders savepoint-1a2b3c-4d5e6f7a8b9c",
	"operation list", "operation show 7c1f", "operation wait 7c1f",
	"logs orders", "rest GET {pool}/clusters/orders/jobs", "whoami", "version",
	"storage ls abfs://jobs@local.dfs.core.windows.net/", "storage stat abfs://jobs@local.dfs.core.windows.net/orders.jar", "storage rm abfs://jobs@local.dfs.core.windows.net/old -y",
	"storage put FILE abfs://jobs@local.dfs.core.windows.net/orders.jar",
	"plan -f -", "diff -f -", "apply -f - -y",
}

// ofOthers are commands that ask no server: their answers depend on the machine.
var ofOthers = []string{"serve", "down", "simulate", "doctor", "distribution", "database", "completion", "config check", "connection"}

func TestEveryCommandHasEveryForm(t *testing.T) {
	seen := map[string]bool{}
	for _, line := range goldens {
		c, _, err := newFake(t).app(t, t.TempDir()).root().Find(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		seen[c.CommandPath()] = true
		name := strings.ReplaceAll(strings.TrimPrefix(c.CommandPath(), "drey "), " ", "-")
		t.Run(name, func(t *testing.T) {
			got := everyForm(t, strings.Fields(line))
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("`go test ./internal/cli -update` writes it anew (-want +got):\n%s", d)
			}
		})
	}
	for _, c := range commandsBelow(newFake(t).app(t, t.TempDir()).root()) {
		if path := strings.Fields(c.CommandPath())[1:]; !seen[c.CommandPath()] && !slices.Contains(ofOthers, path[0]) && !slices.Contains(ofOthers, strings.Join(path, " ")) {
			t.Errorf("%s has no golden file", c.CommandPath())
		}
	}
}

// commandsBelow are the commands that do something.
func commandsBelow(c *cobra.Command) (all []*cobra.Command) {
	for _, child := range c.Commands() {
		switch {
		case child.IsAdditionalHelpTopicCommand() || child.Name() == "help":
		case child.HasSubCommands():
			all = append(all, commandsBelow(child)...)
		default:
			all = append(all, child)
		}
	}
	return all
}

// everyForm runs a command line in every form, and tells what it said.
func everyForm(t *testing.T, args []string) string {
	var b strings.Builder
	for _, form := range outputs {
		dir := t.TempDir()
		settings, jar := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "FILE")
		for file, text := range map[string]string{settings: goldenSettings, jar: "a jar"} {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Setenv("DREY_CONFIG", settings)
		t.Setenv("DREY_TOKEN", "h.eyJvaWQiOiJwMSIsImFwcGlkIjoiYTEiLCJ0aWQiOiJ0MSIsImV4cCI6MTc5NTYwODAwMH0.s")
		f := newFake(t)
		f.stdin = goldenFiles
		if args[0] == "operation" && args[1] == "show" {
			f.outcome = "listed"
		}
		file := f.connectionIn(t, dir)
		var out, errs bytes.Buffer
		a := f.app(t, dir)
		a.out, a.err = &out, &errs
		a.sleep = noPause
		line := append(slices.Clone(args), "-o", form)
		for i, arg := range line {
			if arg == "FILE" {
				line[i] = jar
			}
		}
		if args[0] != "context" && args[0] != "config" { // those say what holds without flags
			line = append(line, "--connection", file)
		}
		code := a.run(t.Context(), line)
		same := strings.NewReplacer(f.URL, "https://server", dir, "DIR").Replace
		b.WriteString("$ drey " + strings.Join(append(slices.Clone(args), "-o", form), " ") + "\n" + same(out.String()))
		if code != exitOK {
			b.WriteString("! " + same(errs.String()))
		}
		if kept, err := os.ReadFile(settings); err == nil && string(kept) != goldenSettings {
			b.WriteString("kept:\n" + same(string(kept)))
		}
	}
	return b.String()
}
