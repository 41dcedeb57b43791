package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"drey/internal/arm/v20240501"
)

func (a *app) clusterUpgrade() *cobra.Command {
	return a.group("upgrade", "Bring clusters to newer versions of Flink",
		"  drey cluster upgrade list orders\n  drey cluster upgrade run orders\n  drey cluster upgrade run orders --flink-version 2.3.0\n  drey cluster upgrade history orders",
		a.upgradeList(), a.matched(a.upgradeRun()), a.upgradeHistory())
}

func (a *app) upgradeList() *cobra.Command {
	return a.verb("list CLUSTER", "List the installed versions that a cluster can be upgraded to", "  drey cluster upgrade list orders", func(ctx context.Context, s *session, args []string) error {
		list, raw, err := ofCluster[v20240501.AvailableUpgrade](ctx, s, args[0], "/availableUpgrades")
		if err != nil {
			return what(err, "Cannot list the upgrades of %q", args[0])
		}
		r := result{data: raw, columns: []string{"TO", "FROM", "SEVERITY", "DESCRIPTION", "+NAME"}, none: "Nothing newer is installed."}
		for _, u := range list {
			p := u.Properties
			r.rows = append(r.rows, []any{p.TargetOSSVersion, p.SourceOSSVersion, p.Severity, long(p.Description), u.Name})
		}
		return a.print(r)
	})
}

func (a *app) upgradeHistory() *cobra.Command {
	return a.verb("history CLUSTER", "List the upgrades of a cluster that were tried, newest first", "  drey cluster upgrade history orders", func(ctx context.Context, s *session, args []string) error {
		list, raw, err := ofCluster[v20240501.UpgradeHistory](ctx, s, args[0], "/upgradeHistories")
		if err != nil {
			return what(err, "Cannot list the upgrades of %q", args[0])
		}
		r := result{data: raw, columns: []string{"WHEN", "FROM", "TO", "TYPE", "RESULT", "+NAME"}, none: "No upgrade yet."}
		for _, u := range list {
			p := u.Properties
			r.rows = append(r.rows, []any{p.UTCTime, p.SourceOSSVersion, p.TargetOSSVersion, p.UpgradeType, p.UpgradeResult, u.Name})
		}
		return a.print(r)
	})
}

func (a *app) upgradeRun() *cobra.Command {
	var version string
	c := a.verb("run CLUSTER", "Bring a cluster to a newer version of Flink, a running job with its state",
		"  drey cluster upgrade run orders\n  drey cluster upgrade run orders --flink-version 2.3.0 --dry-run",
		func(ctx context.Context, s *session, args []string) error {
			return what(s.upgrade(ctx, args[0], version), "Cannot upgrade %q", args[0])
		})
	c.Long = "Brings a cluster to a newer version of Flink by its upgradeMode, with the checks, the health gate and the way back of any update.\n" +
		"A job that is stopped is not started: its next start uses the version."
	c.Flags().StringVar(&version, "flink-version", "", "Flink `version`; absent: the newest of the same line")
	return c
}

func (s *session) upgrade(ctx context.Context, name, version string) error {
	at, err := s.clusterPath(name)
	if err != nil {
		return err
	}
	if version == "" {
		if version, err = s.newestOfLine(ctx, name); err != nil {
			return err
		}
	}
	body := v20240501.Upgrade{Properties: v20240501.UpgradeProperties{UpgradeType: "PatchVersionUpgrade", TargetOSSVersion: version}}
	if err := s.send(ctx, http.MethodPost, at+"/upgrade", body, nil); err != nil || s.flags.noWait {
		return s.saying(ctx, name, err)
	}
	return s.showCluster(ctx, name)
}

// newestOfLine is the newest version to which a cluster can be upgraded without a change of its program.
func (s *session) newestOfLine(ctx context.Context, name string) (version string, err error) {
	list, _, err := ofCluster[v20240501.AvailableUpgrade](ctx, s, name, "/availableUpgrades")
	for _, u := range list { // oldest first
		if u.Properties.Severity == "low" {
			version = u.Properties.TargetOSSVersion
		}
	}
	if version == "" && err == nil {
		err = &failure{Code: "NoUpgrade", Exit: exitFailed, Why: "no newer version of the same line of Flink is installed",
			Hint: fmt.Sprintf("`drey cluster upgrade list %s` shows newer lines: name one by --flink-version; `drey distribution install` brings more", name)}
	}
	return version, err
}
