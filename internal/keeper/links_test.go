package keeper

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestFoldersOfTheImageAreLinked(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	for _, file := range []string{"s3/flink-s3.jar", "azure/flink-azure-fs-hadoop-2.3.0.jar", "taken/theirs.jar"} {
		if err := os.MkdirAll(filepath.Join(from, filepath.Dir(file)), 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, from, file, file)
	}
	put(t, from, "README.txt", "no folder")
	if err := os.Mkdir(filepath.Join(to, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	links := Links{From: from, Without: "flink-azure-fs-hadoop-*.jar", To: to}
	for range 2 { // a container can start again
		if err := links.make(); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	entries, err := os.ReadDir(to)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if err != nil || !slices.Equal(names, []string{"s3", "taken"}) {
		t.Errorf("got %v, %v, want s3 and what was there", names, err)
	}
	if text, err := os.ReadFile(filepath.Join(to, "s3", "flink-s3.jar")); err != nil || string(text) != "s3/flink-s3.jar" {
		t.Errorf("behind the link is %q, %v", text, err)
	}
	if taken, err := os.ReadDir(filepath.Join(to, "taken")); err != nil || len(taken) != 0 {
		t.Errorf("what was there has %v, %v", taken, err)
	}
	missing := Links{From: filepath.Join(from, "none"), To: to}
	if err := missing.make(); err != nil {
		t.Errorf("an image without the folder: %v", err)
	}
}
