//go:build python

package docs

import "testing"

func TestPythonJobs(t *testing.T) {
	Run(t, "../../docs/python.md", t.TempDir())
}
