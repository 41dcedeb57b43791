package cluster

import (
	"strings"
	"testing"
)

func TestSavePointNames(t *testing.T) {
	t.Parallel()
	const account = "abfs://flink@teststorage.dfs.core.windows.net"
	at := func(p string) SavePointName {
		u := home
		u.Path = p
		return SavePointName{URI: u}
	}
	for why, tt := range map[string]struct {
		in   string
		want SavePointName
	}{
		"nothing":                      {"", SavePointName{}},
		"blanks":                       {"  ", SavePointName{}},
		"Flink's folder name":          {"savepoint-20e9e9-8a48c6b905e5", SavePointName{Name: "savepoint-20e9e9-8a48c6b905e5"}},
		"a name of the catalogue":      {"before_v2.1", SavePointName{Name: "before_v2.1"}},
		"a checkpoint":                 {"chk-17", SavePointName{Name: "chk-17", Checkpoint: 17}},
		"a name that begins like one":  {"chk-17a", SavePointName{Name: "chk-17a"}},
		"no checkpoint has the id 0":   {"chk-0", SavePointName{Name: "chk-0"}},
		"a URI":                        {account + "/d/savepoint-1", at("/d/savepoint-1")},
		"a URI with a trailing slash":  {account + "/d/savepoint-1/", at("/d/savepoint-1")},
		"a URI of the metadata itself": {account + "/d/savepoint-1/_metadata", at("/d/savepoint-1")},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, fault := ParseSavePointName(tt.in, Limits{})
			if fault != nil || got != tt.want {
				t.Errorf("got %+v, %+v, want %+v", got, fault, tt.want)
			}
			if got.Empty() != (tt.want == SavePointName{}) || got.IsURI() != strings.Contains(tt.in, "://") {
				t.Errorf("Empty %t, IsURI %t", got.Empty(), got.IsURI())
			}
		})
	}
	for why, tt := range map[string]struct{ in, code string }{
		"a relative path":     {"savepoints/savepoint-1", "InvalidSavePointName"},
		"an absolute path":    {"/savepoints/savepoint-1", "InvalidSavePointName"},
		"dot-dot":             {"..", "InvalidSavePointName"},
		"dot-dot inside":      {"a..b", "InvalidSavePointName"},
		"a wildcard":          {"savepoint-*", "InvalidSavePointName"},
		"a line break":        {"savepoint\n-1", "InvalidSavePointName"},
		"256 characters":      {strings.Repeat("a", 256), "InvalidSavePointName"},
		"a container":         {account, "InvalidSavePointName"},
		"a container's root":  {account + "/_metadata", "InvalidSavePointName"},
		"dot-dot in a URI":    {account + "/d/../e", "InvalidStorageUri"},
		"a file":              {"file:///srv/savepoint-1", "UnsupportedStorageScheme"},
		"https":               {"https://acc.blob.core.windows.net/flink/savepoint-1", "UnsupportedStorageScheme"},
		"a foreign account":   {"abfs://flink@acc.dfs.evil.example/s", "StorageUriNotAllowed"},
		"an escape in a name": {"a%2fb", "InvalidSavePointName"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got, fault := ParseSavePointName(tt.in, Limits{}); fault == nil || fault.Code != tt.code {
				t.Errorf("got %+v, %+v, want %s", got, fault, tt.code)
			}
		})
	}
}

func TestTheNewestProvableState(t *testing.T) {
	t.Parallel()
	chk := func(id int64) Candidate {
		return Candidate{URI: "chk", CheckpointID: id, Metadata: true, Parses: true}
	}
	savepoint := func(id int64) Candidate { c := chk(id); c.URI = "savepoint"; return c }
	unfinished := Candidate{URI: "chk", CheckpointID: 99}
	broken := Candidate{URI: "chk", CheckpointID: 6, Metadata: true}
	for why, tt := range map[string]struct {
		candidates []Candidate
		lastSeen   int64
		want       Candidate
		asks       bool
	}{
		"nothing was ever there":                   {},
		"the highest id":                           {[]Candidate{chk(3), chk(5), chk(4)}, 5, chk(5), false},
		"a newer savepoint wins":                   {[]Candidate{chk(5), savepoint(6)}, 5, savepoint(6), false},
		"an older savepoint does not":              {[]Candidate{savepoint(4), chk(5)}, 5, chk(5), false},
		"one newer than what was seen":             {[]Candidate{chk(7)}, 5, chk(7), false},
		"unfinished ones are skipped":              {[]Candidate{chk(5), unfinished}, 5, chk(5), false},
		"only unfinished ones, none ever seen":     {[]Candidate{unfinished}, 0, Candidate{}, false},
		"the last one seen is gone":                {[]Candidate{chk(4)}, 5, Candidate{}, true},
		"all that was seen is gone":                {nil, 5, Candidate{}, true},
		"one that does not parse, even an old one": {[]Candidate{chk(7), broken}, 7, Candidate{}, true},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got := NewestProvable(tt.candidates, tt.lastSeen)
			if got.Asks() != tt.asks || got.From != tt.want || got.Found != (tt.want != Candidate{}) {
				t.Errorf("got %+v, want %+v, asks %t", got, tt.want, tt.asks)
			}
		})
	}
	got := NewestProvable([]Candidate{chk(4), broken, unfinished, chk(5)}, 5)
	if len(got.AskPerson) != 3 || got.AskPerson[0].CheckpointID != 6 || got.AskPerson[2].CheckpointID != 4 {
		t.Errorf("a person is shown %+v, want 6, 5, 4", got.AskPerson)
	}
}

func TestProvisioningState(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		newest WritingOperation
		want   string
	}{
		"never written":      {WritingOperation{}, "Succeeded"},
		"a PUT runs":         {WritingOperation{Verb: "PUT", Running: true}, "Accepted"},
		"a resize runs":      {WritingOperation{Verb: "POST", Running: true}, "Accepted"},
		"a DELETE runs":      {WritingOperation{Verb: "DELETE", Running: true}, "Deleting"},
		"a PUT failed":       {WritingOperation{Verb: "PUT", Outcome: "Failed"}, "Failed"},
		"a PUT was canceled": {WritingOperation{Verb: "PUT", Outcome: "Canceled"}, "Canceled"},
		"a PUT succeeded":    {WritingOperation{Verb: "PUT", Outcome: "Succeeded"}, "Succeeded"},
		"a DELETE failed":    {WritingOperation{Verb: "DELETE", Outcome: "Failed"}, "Failed"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got := ProvisioningState(tt.newest); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestJobOutputsAreTheOriginalsByteForByte(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		OutputStatus("RUNNING"):                             "Flink internal job status : RUNNING",
		OutputSavepoint("abfs://c@a/savepoint-1"):           "Savepoint completed. Path: abfs://c@a/savepoint-1",
		OutputFailed("JobFailed", "NullPointer", ""):        "Job execution failed. \nJobFailed: NullPointer",
		OutputFailed("JobFailed", "NullPointer", "at x\ny"): "Job execution failed. \nJobFailed: NullPointer\nat x\ny",
		OutputJarMissing("JarNotFound"):                     "Job execution failed. \nFailed to download jar\nJarNotFound",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
