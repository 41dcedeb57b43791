package cli

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"drey/internal/daemon"
	"drey/internal/flink"
)

// distributionCommand installs and lists Flink releases. It works on the data directory itself: no server is needed.
func (a *app) distributionCommand() *cobra.Command {
	var data string
	place := func() (string, flink.Distributions, error) {
		dir, err := a.dataDir(data)
		return dir, flink.Distributions{Dir: daemon.DistributionsDir(dir)}, err
	}
	c := a.group("distribution", "Install and list Flink releases", "  drey distribution install 2.3.0\n  drey distribution list",
		a.distributionInstall(place), a.distributionList(place), a.distributionShow(place), a.distributionVerify(place), a.distributionRemove(place))
	c.PersistentFlags().StringVar(&data, "data", "", "data `directory`")
	return c
}

// findDistributions answers the data directory, and the releases that it uses.
type findDistributions func() (data string, dists flink.Distributions, err error)

func (a *app) showDistribution(d flink.Distribution) error {
	return a.print(result{data: d, name: d.Version, head: "Flink " + d.Version, facts: []fact{
		{"path", d.Path}, {"digest", "sha256 " + d.Digest}, {"source", d.Source}, {"installed", d.InstalledAt},
		{"extras", strings.Join(d.Extras, ", ")}, {"java", flink.JavasFor(d.Version)},
	}})
}

func (a *app) distributionList(place findDistributions) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the installed releases", Args: exactly(), Example: "  drey distribution list -o json", RunE: func(*cobra.Command, []string) error {
		_, d, err := place()
		if err != nil {
			return err
		}
		all, err := d.List()
		if err != nil {
			return err
		}
		r := result{data: append([]flink.Distribution{}, all...), columns: []string{"VERSION", "SOURCE", "INSTALLED", "DIGEST", "EXTRAS"},
			none: "No Flink is installed. Use `drey distribution install 2.3.0`."}
		for _, d := range all {
			r.rows = append(r.rows, []any{d.Version, d.Source, d.InstalledAt, id(d.Digest), strings.Join(d.Extras, ", ")})
		}
		return a.print(r)
	}}
}

func (a *app) distributionShow(place findDistributions) *cobra.Command {
	return &cobra.Command{Use: "show VERSION", Short: "Show one release", Args: exactly("VERSION"), Example: "  drey distribution show 2.3.0 -o json", RunE: func(_ *cobra.Command, args []string) error {
		_, d, err := place()
		if err != nil {
			return err
		}
		dist, err := d.Show(args[0])
		if err != nil {
			return wayOut(err)
		}
		return a.showDistribution(dist)
	}}
}

// wayOut makes a failure of an error whose text says the way out after "; ".
func wayOut(err error) *failure {
	f := *asFailure(err)
	if f.Hint == "" {
		f.Why, f.Hint, _ = strings.Cut(f.Why, "; ")
	}
	if _, missing := errors.AsType[flink.NotInstalledError](err); missing {
		f.Code, f.Exit = "NotFound", exitNotFound
	}
	if _, used := errors.AsType[flink.InUseError](err); used {
		f.Code, f.Exit = "InUse", exitConflict
	}
	return &f
}

func (a *app) distributionVerify(place findDistributions) *cobra.Command {
	return &cobra.Command{Use: "verify VERSION", Short: "Compare every file of a release with its recorded digest", Args: exactly("VERSION"), Example: "  drey distribution verify 2.3.0", RunE: func(cmd *cobra.Command, args []string) error {
		_, d, err := place()
		if err != nil {
			return err
		}
		dist, err := d.Show(args[0])
		if err != nil {
			return wayOut(err)
		}
		faults, err := dist.Verify(cmd.Context())
		if err != nil {
			return what(err, "Cannot verify Flink %s", args[0])
		}
		return a.showFaults(dist, faults)
	}}
}

// showFaults shows what Verify found; any fault is a failure.
func (a *app) showFaults(dist flink.Distribution, faults []flink.Fault) error {
	r := result{data: append([]flink.Fault{}, faults...), columns: []string{"FILE", "PROBLEM"}, none: "Flink " + dist.Version + " is as it was installed."}
	for _, f := range faults {
		r.rows = append(r.rows, []any{f.Path, f.Problem})
	}
	if err := a.print(r); err != nil {
		return err
	}
	if len(faults) == 0 {
		return nil
	}
	return &failure{What: "Flink " + dist.Version + " is damaged", Why: "not every file is as it was installed", Code: "DistributionDamaged", Exit: exitFailed,
		Hint: "`drey distribution remove " + dist.Version + "`, and install it anew"}
}

func (a *app) distributionRemove(place findDistributions) *cobra.Command {
	return &cobra.Command{Use: "remove VERSION", Short: "Remove a release that is not in use", Args: exactly("VERSION"), Example: "  drey distribution remove 2.3.0", RunE: func(cmd *cobra.Command, args []string) error {
		data, d, err := place()
		if err != nil {
			return err
		}
		if err := a.remove(cmd.Context(), data, d, args[0]); err != nil {
			return what(wayOut(err), "Cannot remove Flink %s", args[0])
		}
		return nil
	}}
}

// remove asks the server of the data directory, or keeps one from starting meanwhile. Whether processes run from the release is
// seen in both cases.
func (a *app) remove(ctx context.Context, data string, d flink.Distributions, version string) error {
	lock, err := daemon.TakeLock(data)
	_, running := errors.AsType[*daemon.LockedError](err)
	switch {
	case err == nil:
		defer func() { _ = lock.Release() }()
	case running:
		if err := a.unused(ctx, data, version); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist): // there is no data directory where only releases are kept
		return err
	}
	return d.Remove(ctx, version)
}

// unused asks the data directory's own server, whatever other connection was named, for a cluster that is of a release.
func (a *app) unused(ctx context.Context, data, version string) error {
	a.flags.connection = filepath.Join(data, daemon.ConnectionFile)
	s, err := a.connect()
	if err != nil {
		return err
	}
	clusters, err := s.clusters(ctx)
	if err != nil {
		return err
	}
	for _, c := range clusters {
		for _, part := range c.Properties.ClusterProfile.Components {
			if part.Name == "Flink" && part.Version == version {
				return flink.InUseError{Version: version, By: "cluster " + c.Name}
			}
		}
	}
	return nil
}
