package lifecycle

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
	"drey/internal/storage"
	"drey/internal/store"
)

const (
	inAccount = "abfs://flink@acc.dfs.core.windows.net/"
	byBlob    = "wasbs://flink@acc.blob.core.windows.net/" // the same place by another of its names
)

// storedJob is a cluster whose job has a version, a savepoint, and an incarnation that began from another cluster's savepoint.
func storedJob(t *testing.T, h *house) {
	t.Helper()
	pool, _ := h.put(poolRef("G1", "P1"), poolSpec())
	spec := cluster.Spec{Properties: cluster.Properties{Profile: cluster.Profile{Flink: &cluster.Flink{Storage: cluster.Storage{URI: inAccount}}}}}
	err := h.Store.Change(t.Context(), nil, func(tx *store.Tx) error {
		for _, err := range []error{
			tx.InsertCluster(cluster.Cluster{UID: "c", PoolUID: pool.UID, Ref: cluster.Ref{PoolRef: pool.Ref, Name: "C1"}, DeploymentID: "d1", Spec: spec}),
			tx.InsertCluster(cluster.Cluster{UID: "c2", PoolUID: pool.UID, Ref: cluster.Ref{PoolRef: pool.Ref, Name: "C2"}, DeploymentID: "d2", Spec: spec}), // has no job yet
			tx.InsertJob(cluster.Job{UID: "j", ClusterUID: "c"}),
			tx.InsertVersion(cluster.Version{JobUID: "j", Number: 1, Launch: cluster.Launch{StorageURI: inAccount,
				Configuration: map[string]string{"state.checkpoints.dir": inAccount + "custom/checkpoints"}}}),
			tx.PutSavepoint(cluster.Savepoint{ID: "s", JobUID: "j", Name: "savepoint-1", URI: inAccount + "custom/savepoint-1"}, "c", pool.UID),
			tx.InsertIncarnation(cluster.Incarnation{ID: "i", JobUID: "j", Target: "here", Version: 1, FlinkJobID: "f1", Restore: inAccount + "other/savepoint-9/"}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatAJobNeedsIsNotRemoved(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		var err error
		if h.Storage, err = storage.New(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		storedJob(t, h)
		for _, at := range []string{"d1/jars/x.jar", "d2/logs/x", "custom/savepoint-1/_metadata", "custom/savepoint-10/_metadata", "custom/checkpoints/f1/chk-1/_metadata",
			"custom/checkpoints/f2/chk-1/_metadata", "other/savepoint-9/_metadata", "other/savepoint-8/_metadata", "jars/job.jar"} {
			uri, err := cluster.ParseURI(inAccount+at, cluster.StorageURI{})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := h.Storage.Put(t.Context(), uri, strings.NewReader("x"), 10); err != nil {
				t.Fatal(err)
			}
		}
		remove := func(uri string) string { return code(h.RemoveFile(t.Context(), h.caller(), poolRef("G1", "P1"), uri)) }
		const used = "StorageInUse"
		for _, tt := range []struct{ uri, want string }{
			{inAccount + "d1/jars/x.jar", used},
			{inAccount + "d1", used},
			{byBlob + "d1/jars", used},
			{inAccount + "d2/logs", used},
			{inAccount + "custom", used}, // it holds what is needed
			{inAccount + "custom/savepoint-1/_metadata", used},
			{inAccount + "custom/checkpoints/f1/chk-1", used},
			{inAccount + "other/savepoint-9", used},
			{inAccount, "InvalidStorageUri"}, // a whole container
			{inAccount + "nothing", "FileNotFound"},
			{"abfs://none@acc.dfs.core.windows.net/x", "FileNotFound"},
			{"s3://bucket/x", "StorageAccountNotMounted"},
			{inAccount + "../x", "InvalidStorageUri"},
			{inAccount + "custom/savepoint-10", ""}, // it only begins alike
			{inAccount + "custom/checkpoints/f2", ""},
			{inAccount + "other/savepoint-8/_metadata", ""},
			{inAccount + "jars/job.jar", ""},
			{inAccount + "jars/job.jar", "FileNotFound"},
		} {
			if got := remove(tt.uri); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.uri, got, tt.want)
			}
		}
		if got := code(h.RemoveFile(t.Context(), h.caller(), poolRef("G1", "nowhere"), inAccount+"jars")); got != "ResourceNotFound" {
			t.Errorf("of a pool that is not there: %q", got)
		}
		rows := 0
		err = h.Store.Read(t.Context(), func(tx *store.Tx) error {
			all, err := tx.Audit(100)
			for _, row := range all {
				if row.Action == "remove" {
					rows++
				}
			}
			return err
		})
		if err != nil || rows != 4 {
			t.Errorf("%d removals are in the audit (%v), want 4", rows, err)
		}
	})
}

func TestFilesAreListedAndLookedAt(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		var err error
		if h.Storage, err = storage.New(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		pool, _ := h.put(poolRef("G1", "P1"), poolSpec())
		if _, err := h.Upload(t.Context(), h.caller(), pool.Ref, inAccount+"jars/job.jar", strings.NewReader("PK")); code(err) != "RequestContentTooLarge" {
			t.Fatal(err)
		}
		h.UploadBytes = 10
		if _, err := h.Upload(t.Context(), h.caller(), pool.Ref, inAccount+"jars/job.jar", strings.NewReader("PK")); err != nil {
			t.Fatal(err)
		}
		top, err := h.Files(t.Context(), pool.Ref, inAccount)
		if d := cmp.Diff([]StoredFile{{Name: "jars", URI: inAccount + "jars", Dir: true}}, top); err != nil || d != "" {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		jar := StoredFile{Name: "job.jar", URI: inAccount + "jars/job.jar", Bytes: 2}
		below, err := h.Files(t.Context(), pool.Ref, inAccount+"jars/")
		if d := cmp.Diff([]StoredFile{jar}, below); err != nil || d != "" {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		for uri, want := range map[string]StoredFile{inAccount + "jars/job.jar": jar, inAccount + "jars": {Name: "jars", URI: inAccount + "jars", Dir: true}} {
			got, err := h.File(t.Context(), pool.Ref, uri)
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("%s: %v (-want +got):\n%s", uri, err, d)
			}
		}
		if _, err := h.File(t.Context(), pool.Ref, inAccount+"jars/none.jar"); code(err) != "FileNotFound" {
			t.Errorf("what is not there: %v", err)
		}
	})
}
