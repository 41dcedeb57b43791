package arm

import (
	"context"
	"testing"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func (d *fakeDoor) Files(_ context.Context, p cluster.PoolRef, uri string) ([]lifecycle.StoredFile, error) {
	return []lifecycle.StoredFile{{Name: "a.jar", URI: uri + "a.jar", Bytes: 4711}, {Name: "old", URI: uri + "old", Dir: true}}, d.asked("Files %s %s", p.ID(), uri)
}

func (d *fakeDoor) File(_ context.Context, p cluster.PoolRef, uri string) (lifecycle.StoredFile, error) {
	return lifecycle.StoredFile{Name: "a.jar", URI: uri, Bytes: 4711}, d.asked("File %s %s", p.ID(), uri)
}

func (d *fakeDoor) RemoveFile(_ context.Context, c lifecycle.Caller, p cluster.PoolRef, uri string) error {
	return d.asked("RemoveFile %s %s by %s", p.ID(), uri, said(c))
}

func TestStorageRoutes(t *testing.T) {
	t.Parallel()
	missing, used := running(), running()
	missing.err = cluster.Errorf(cluster.NotFound, "FileNotFound", "uri", "There is no such file or folder.")
	used.err = cluster.Errorf(cluster.Conflict, "StorageInUse", "uri", "Cluster %q needs it.", "Cluster1")
	const at = "&uri=abfs%3A%2F%2Fc%40a.dfs.core.windows.net%2Fjars%2F"
	transcribe(t, "storage", []exchange{
		{why: "a folder", line: "GET " + poolID + "/storage" + ours1 + at, who: "reader"},
		{why: "a file", line: "HEAD " + poolID + "/storage" + ours1 + at + "a.jar", who: "reader"},
		{why: "a file that is not there", door: missing, line: "HEAD " + poolID + "/storage" + ours1 + at + "b.jar"},
		{why: "no file is named", line: "GET " + poolID + "/storage" + ours1},
		{why: "a removal", line: "DELETE " + poolID + "/storage" + ours1 + at + "a.jar"},
		{why: "a removal of what a job needs", door: used, line: "DELETE " + poolID + "/storage" + ours1 + at + "a.jar"},
		{why: "a removal by a reader", who: "reader", line: "DELETE " + poolID + "/storage" + ours1 + at + "a.jar"},
		{why: "a published version", line: "DELETE " + poolID + "/storage?api-version=2024-05-01" + at + "a.jar"},
	})
	w := ask(t, front(t, running(), Options{}), "owner", "HEAD "+poolID+"/storage"+ours1+at+"a.jar", "")
	if w.Header().Get("x-drey-kind") != "file" || w.Header().Get("x-drey-bytes") != "4711" || w.Body.Len() != 0 {
		t.Errorf("got %v %q", w.Header(), w.Body)
	}
}
