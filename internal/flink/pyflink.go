package flink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Interpreter is the Python of a release that has the extra: a virtual environment with Flink's package.
func Interpreter(home string) string { return filepath.Join(home, python, "bin", "python") }

// addPython makes the virtual environment. It holds no copy of the release, for which the package would fetch another 330 MB, and no pip.
func (i *installer) addPython(ctx context.Context) error {
	found, err := FindPython(ctx, i.Version)
	if err != nil {
		return err
	}
	i.say("fetching apache-flink " + i.Version + " for Python " + found.Version + " by pip, which takes minutes")
	folder := filepath.Join(i.home, python)
	if out, err := i.run(ctx, found.Path, "-m", "venv", "--without-pip", folder); err != nil {
		return fmt.Errorf("Python %s cannot make a virtual environment: %s", found.Version, lastLine(out, err))
	}
	if err := i.haveLibraries(ctx); err != nil {
		return err
	}
	out, err := i.run(ctx, "python3", "-m", "pip", "--python", Interpreter(i.home), "install", "--quiet", "--disable-pip-version-check", "apache-flink=="+i.Version)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("pip (22.3 or newer) cannot install apache-flink %s for Python %s: %s", i.Version, found.Version, lastLine(out, err))
	}
	return i.settle(folder)
}

// haveLibraries tells pip that the package of the release itself is there: it is, around the environment.
func (i *installer) haveLibraries(ctx context.Context) error {
	out, err := i.run(ctx, Interpreter(i.home), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
	if err != nil {
		return fmt.Errorf("the virtual environment does not run: %s", lastLine(out, err))
	}
	info := filepath.Join(strings.TrimSpace(out), "apache_flink_libraries-"+i.Version+".dist-info")
	text := "Metadata-Version: 2.1\nName: apache-flink-libraries\nVersion: " + i.Version + "\n"
	return errors.Join(os.MkdirAll(info, 0o755), os.WriteFile(filepath.Join(info, "METADATA"), []byte(text), 0o644))
}

// settle removes programs that hold the path of the folder they were made in, and brings all to the disk.
func (i *installer) settle(folder string) error {
	bin := filepath.Join(folder, "bin")
	entries, err := os.ReadDir(bin)
	if err != nil {
		return fmt.Errorf("cannot read the virtual environment: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "python") {
			err = errors.Join(err, os.RemoveAll(filepath.Join(bin, e.Name())))
		}
	}
	f, openErr := os.Open(bin)
	if err := errors.Join(err, openErr); err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(f.Fd())), f.Close())
}

// Python is a Python found on this machine.
type Python struct {
	Path    string // of the executable
	Version string // "3.11"
}

// FindPython finds a Python that the package of a Flink version is built for: python3, else one named after its version. The error says what to
// install after "; ".
func FindPython(ctx context.Context, version string) (Python, error) {
	line, err := LineOf(version)
	if err != nil {
		return Python{}, err
	}
	names := []string{"python3"}
	for _, minor := range slices.Backward(line.Python) {
		names = append(names, "python3."+strconv.Itoa(minor))
	}
	there := "there is none"
	for _, name := range names {
		p, minor, err := askPython(ctx, name)
		if err != nil {
			continue
		}
		if slices.Contains(line.Python, minor) {
			return p, nil
		}
		there = "this is " + p.Version
	}
	first, last := line.Python[0], line.Python[len(line.Python)-1]
	return Python{}, fmt.Errorf("no Python for Flink %s: its package is built for Python 3.%d to 3.%d, and %s; install python3.%d, and see that it is on the path",
		version, first, last, there, last)
}

// askPython asks a Python for its minor version.
func askPython(ctx context.Context, name string) (p Python, minor int, err error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return p, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "-c", "import sys; print(sys.version_info[1])").Output()
	if err != nil {
		return p, 0, err
	}
	minor, err = strconv.Atoi(strings.TrimSpace(string(out)))
	return Python{path, "3." + strconv.Itoa(minor)}, minor, err
}

// HasPython says that Python jobs can run from the release.
func (d Distribution) HasPython() bool { return slices.Contains(d.Extras, python) }

// CheckPython says why the Python of a release that has the extra does not run, and after "; " the way out; or nil.
func (d Distribution) CheckPython(ctx context.Context) error {
	if !d.HasPython() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, Interpreter(d.Path), "-c", "import pyflink.java_gateway").CombinedOutput(); err != nil {
		return fmt.Errorf("the Python of Flink %s does not run (%s): was the machine's Python replaced?; drey distribution remove %s, and install it anew --with %s",
			d.Version, lastLine(string(out), err), d.Version, python)
	}
	return nil
}
