package cluster

import (
	"strings"
	"testing"
)

// A bucket can be used if the server has it, for everything that a cluster keeps; and where jobs reach no S3, not at all.
func TestOnlyTheServersBucketsCanBeUsed(t *testing.T) {
	t.Parallel()
	places := map[string]func(*Spec, string){
		"storageUri":      func(s *Spec, bucket string) { s.flink().Storage.URI = bucket },
		"jobJarDirectory": func(s *Spec, bucket string) { s.job().JarDirectory = bucket + "/jars" },
		"savePointName":   func(s *Spec, bucket string) { s.job().SavePointName = bucket + "/s/savepoint-1" },
		"checkpoints":     func(s *Spec, bucket string) { s.conf()["state.checkpoints.dir"] = bucket + "/c" },
		"savepoints":      func(s *Spec, bucket string) { s.conf()["state.savepoints.dir"] = bucket + "/s" },
		"logs":            func(s *Spec, bucket string) { s.conf()["pipeline.remote.log.dir"] = bucket + "/l" },
	}
	for what, put := range places {
		for why, tt := range map[string]struct {
			uri     string
			buckets []string
			none    bool
			code    string
		}{
			"the server's":         {"s3://state", []string{"other", "state"}, false, ""},
			"another":              {"s3://foreign", []string{"state"}, false, "StorageUriNotAllowed"},
			"none is configured":   {"s3://state", nil, false, "StorageUriNotAllowed"},
			"jobs reach none":      {"s3://state", []string{"state"}, true, "StorageUriNotAllowed"},
			"by another scheme":    {"s3a://state", []string{"state"}, false, "UnsupportedStorageScheme"},
			"of another service":   {"gs://state", []string{"state"}, false, "UnsupportedStorageScheme"},
			"the metadata service": {"s3://169.254.169.254", []string{"state"}, false, "StorageUriNotAllowed"},
		} {
			t.Run(what+": "+why, func(t *testing.T) {
				t.Parallel()
				spec, facts := orders(), testFacts
				put(&spec, tt.uri)
				facts.NoBuckets = tt.none
				var codes []string
				for _, f := range ValidateSpec(spec, facts, Limits{Buckets: tt.buckets}) {
					codes = append(codes, f.Code)
				}
				if got := strings.Join(codes, " "); got != tt.code {
					t.Errorf("got %q, want %q", got, tt.code)
				}
			})
		}
	}
}
