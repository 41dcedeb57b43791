package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// scriptsHome makes a FLINK_HOME as people have it: the installed release, with the scripts and the configuration that Flink ships.
// Both are in the wheel apache-flink; the release itself is installed without them.
func scriptsHome(dir string) (string, error) {
	home, dist := filepath.Join(dir, "flink"), os.Getenv("DREY_TEST_FLINK_HOME")
	wheels := filepath.Join(dir, "wheel")
	out, err := exec.Command("python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", wheels,
		"apache-flink=="+os.Getenv("DREY_TEST_FLINK")).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pip cannot fetch Flink's scripts: %w: %s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(wheels, "*.whl"))
	if err != nil || len(found) != 1 {
		return "", errors.Join(errors.New("pip left no wheel of apache-flink"), err)
	}
	if err := unzip(found[0], home, "pyflink/bin/", "pyflink/conf/"); err != nil {
		return "", err
	}
	if err := linkAll(dist, home, "lib", "opt", "plugins"); err != nil {
		return "", err
	}
	if err := copyFile(filepath.Join(dist, "bin", "bash-java-utils.jar"), filepath.Join(home, "bin", "bash-java-utils.jar")); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(home, "log"), 0o700); err != nil {
		return "", err
	}
	return home, copyFile(witnessFile(), filepath.Join(home, "usrlib", "witness.jar"))
}

func witnessFile() string { return filepath.Join(os.Getenv("DREY_TEST_JARS"), "witness.jar") }

func copyFile(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o600)
}

// linkAll links the files of some folders; the folders are real ones, since the scripts do not follow links to folders.
func linkAll(from, to string, folders ...string) error {
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(from, folder), func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, err := filepath.Rel(from, path)
			if err != nil {
				return err
			}
			if d.IsDir() {
				return os.MkdirAll(filepath.Join(to, name), 0o700)
			}
			return os.Symlink(path, filepath.Join(to, name))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unzip writes the entries of some folders of a wheel, without the wheel's own top folder.
func unzip(wheel, to string, folders ...string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }()
	for _, f := range z.File {
		for _, folder := range folders {
			name := strings.TrimPrefix(f.Name, "pyflink/")
			if !strings.HasPrefix(f.Name, folder) || strings.HasSuffix(f.Name, "/") || !filepath.IsLocal(name) {
				continue
			}
			r, err := f.Open()
			if err != nil {
				return err
			}
			content, err := io.ReadAll(r)
			if err = errors.Join(err, r.Close()); err != nil {
				return err
			}
			at := filepath.Join(to, name)
			if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
				return err
			}
			if err := os.WriteFile(at, content, 0o700); err != nil {
				return err
			}
		}
	}
	return nil
}
