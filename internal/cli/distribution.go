package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"drey/internal/daemon"
	"drey/internal/flink"
)

// distributionCommand installs and lists Flink releases. It works on the data directory itself: no server is needed.
func (a *app) distributionCommand() *cobra.Command {
	var data string
	dists := func() (flink.Distributions, error) {
		dir, err := a.dataDir(data)
		return flink.Distributions{Dir: daemon.DistributionsDir(dir)}, err
	}
	c := a.group("distribution", "Install and list Flink releases", "  drey distribution install 2.3.0\n  drey distribution list",
		a.distributionInstall(dists), a.distributionList(dists), a.distributionShow(dists), a.distributionRemove(dists))
	c.PersistentFlags().StringVar(&data, "data", "", "data `directory`")
	return c
}

type findDistributions func() (flink.Distributions, error)

func (a *app) distributionInstall(dists findDistributions) *cobra.Command {
	var from string
	c := &cobra.Command{
		Use: "install VERSION", Short: "Install a Flink release", Args: exactly("VERSION"),
		Example: "  drey distribution install 2.3.0                             by pip\n  drey distribution install 2.3.0 --from flink-2.3.0-bin.tgz   an archive or an unpacked folder",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := dists()
			if err != nil {
				return err
			}
			dist, err := d.Install(cmd.Context(), args[0], from, a.installProgress())
			if a.errTTY {
				a.note("")
			}
			if err != nil {
				return what(err, "Cannot install Flink %s", args[0])
			}
			a.javaFor(cmd.Context(), args[0])
			return a.showDistribution(dist)
		},
	}
	c.Flags().StringVar(&from, "from", "", "`file or folder` to install from: .tgz, .zip, .whl or an unpacked release")
	return c
}

// installProgress draws a bar on a terminal, and says each step once elsewhere.
func (a *app) installProgress() func(flink.Progress) {
	last, drawn := "", time.Time{}
	return func(p flink.Progress) {
		switch {
		case a.flags.quiet:
		case !a.errTTY && p.Text != last:
			a.note("%s", p.Text)
		case a.errTTY && (p.Text != last || time.Since(drawn) > 100*time.Millisecond):
			drawn = time.Now()
			bar := ""
			if p.Total > 0 {
				bar = fmt.Sprintf(" %3d %% of %s", 100*p.Done/p.Total, size(p.Total))
			}
			fmt.Fprintf(a.err, "\r\x1b[K%s%s", p.Text, bar)
		}
		last = p.Text
	}
}

// javaFor warns when the Java of this machine does not run a release.
func (a *app) javaFor(ctx context.Context, version string) {
	java, err := flink.FindJava(ctx, "")
	if err == nil {
		err = java.Runs(version)
	}
	if err != nil {
		a.note("! %v", err)
	}
}

func (a *app) showDistribution(d flink.Distribution) error {
	if a.json() {
		return a.printJSON(d)
	}
	fmt.Fprintf(a.out, "Flink %s\n", d.Version)
	return a.facts([2]string{"path", d.Path}, [2]string{"digest", "sha256 " + d.Digest}, [2]string{"source", d.Source}, [2]string{"installed", d.InstalledAt.Format(time.RFC3339)})
}

func (a *app) distributionList(dists findDistributions) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the installed releases", Args: exactly(), Example: "  drey distribution list -o json", RunE: func(*cobra.Command, []string) error {
		d, err := dists()
		if err != nil {
			return err
		}
		all, err := d.List()
		if err != nil {
			return err
		}
		if a.json() {
			return a.printJSON(append([]flink.Distribution{}, all...))
		}
		var rows [][]string
		for _, d := range all {
			rows = append(rows, []string{d.Version, d.Source, d.InstalledAt.Format(time.DateOnly), d.Digest[:12]})
		}
		return a.table([]string{"VERSION", "SOURCE", "INSTALLED", "DIGEST"}, rows, "No Flink is installed. Use `drey distribution install 2.3.0`.")
	}}
}

func (a *app) distributionShow(dists findDistributions) *cobra.Command {
	return &cobra.Command{Use: "show VERSION", Short: "Show one release", Args: exactly("VERSION"), Example: "  drey distribution show 2.3.0 -o json", RunE: func(_ *cobra.Command, args []string) error {
		d, err := dists()
		if err != nil {
			return err
		}
		dist, err := d.Show(args[0])
		if err != nil {
			return &failure{Code: "NotFound", Exit: exitNotFound, Why: err.Error()}
		}
		return a.showDistribution(dist)
	}}
}

func (a *app) distributionRemove(dists findDistributions) *cobra.Command {
	return &cobra.Command{Use: "remove VERSION", Short: "Remove a release that is not in use", Args: exactly("VERSION"), Example: "  drey distribution remove 2.3.0", RunE: func(cmd *cobra.Command, args []string) error {
		d, err := dists()
		if err != nil {
			return err
		}
		used, err := a.usersOf(cmd.Context(), args[0])
		if err != nil {
			return what(err, "Cannot remove Flink %s", args[0])
		}
		return what(d.Remove(args[0], func(string) string { return used }), "Cannot remove Flink %s", args[0])
	}}
}

// usersOf names a cluster that runs on a release, as far as a server here knows.
func (a *app) usersOf(ctx context.Context, version string) (string, error) {
	s, err := a.connect()
	if f := asFailure(err); err != nil && f.Code == "NoConnection" {
		return "", nil
	} else if err != nil {
		return "", err
	}
	clusters, err := s.clusters(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range clusters {
		for _, part := range c.Properties.ClusterProfile.Components {
			if part.Name == "Flink" && part.Version == version {
				return "cluster " + c.Name, nil
			}
		}
	}
	return "", nil
}
