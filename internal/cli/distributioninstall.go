package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drey/internal/flink"
)

func (a *app) distributionInstall(place findDistributions) *cobra.Command {
	var in flink.Installation
	var jars []string
	c := &cobra.Command{
		Use: "install VERSION", Short: "Install a Flink release, or extras of one", Args: exactly("VERSION"),
		Long: "Installs a Flink release. Without --from it is FLINK_HOME, if that is set and has this version, else the wheel apache-flink-libraries by pip.\n" +
			"For a release that is there, only the extras that it lacks are added.",
		Example: `  drey distribution install 2.3.0                             by pip
  drey distribution install 2.3.0 --with s3,sql-gateway       with extras, by Maven where the release has them not
  drey distribution install 2.3.0 --from flink-2.3.0-bin.tgz  an archive or an unpacked folder
  drey distribution install 2.3.0 --from https://mirror.example/flink-2.3.0-bin.tgz
  drey distribution install 2.3.0 --extra-from s3=flink-s3-fs-hadoop-2.3.0.jar`,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, d, err := place()
			if err != nil {
				return err
			}
			in.Version, in.Progress = args[0], a.installProgress()
			if in.ExtraFrom, err = extraJars(in.With, jars); err != nil {
				return err
			}
			dist, err := d.Install(cmd.Context(), in)
			if a.errTTY {
				a.note("") // ends the line of the bar
			}
			if err != nil {
				return what(wayOut(err), "Cannot install Flink %s", args[0])
			}
			a.javaFor(cmd.Context(), args[0])
			return a.showDistribution(dist)
		},
	}
	f := c.Flags()
	f.StringVar(&in.From, "from", "", "`file, folder or URL` to install from: a .tgz, .zip or .whl, an unpacked release, or an https URL of an archive")
	f.StringVar(&in.SHA256, "sha256", "", "`digest` that the archive must have")
	f.StringVar(&in.SHA512, "sha512", "", "`digest` that the archive must have; a URL's is else read from URL.sha512")
	f.StringSliceVar(&in.With, "with", nil, "`extras`: "+strings.Join(flink.ExtraNames(), ", "))
	f.StringArrayVar(&jars, "extra-from", nil, "jar of an extra, `extra=file`; repeated for more")
	return c
}

// extraJars reads --extra-from, and refuses extras that there are not.
func extraJars(with, jars []string) (map[string]string, error) {
	from, err := pairs("--extra-from", jars)
	if err != nil {
		return nil, err
	}
	known := flink.ExtraNames()
	check := func(flag, name string) error {
		if slices.Contains(known, name) {
			return nil
		}
		return usage("there are "+strings.Join(known, ", "), "%s %s: there is no such extra", flag, name)
	}
	for _, name := range with {
		if err := check("--with", name); err != nil {
			return nil, err
		}
	}
	for name := range from {
		if err := check("--extra-from", name); err != nil {
			return nil, err
		}
	}
	return from, nil
}

// installProgress draws a bar on a terminal, and says each step once elsewhere.
func (a *app) installProgress() func(flink.Progress) {
	last, drawn := "", time.Time{}
	return func(p flink.Progress) {
		again := p.Text == last
		switch {
		case a.silent():
		case !a.errTTY && !again:
			a.note("%s", p.Text)
		case a.errTTY && (!again || time.Since(drawn) > 100*time.Millisecond):
			drawn = time.Now()
			if !again && last != "" {
				fmt.Fprintln(a.err)
			}
			bar := ""
			if p.Total > 0 {
				bar = fmt.Sprintf(" %3d %% of %s", 100*p.Done/p.Total, size(p.Total))
			}
			fmt.Fprintf(a.err, "\r\x1b[K%s%s", clean(p.Text), bar)
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
