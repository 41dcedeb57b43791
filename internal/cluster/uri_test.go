package cluster

import (
	"strings"
	"testing"
)

var home = StorageURI{Scheme: "abfs", Container: "flink", Account: "teststorage", Host: "teststorage.dfs.core.windows.net", Path: "/base"}

func TestParseURI(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		in   string
		want StorageURI
		text string // what String gives; "" = in
	}{
		"the wizard's placeholder": {in: "abfs://flink@teststorage.dfs.core.windows.net/appmode/job.jar",
			want: StorageURI{"abfs", "flink", "teststorage", "teststorage.dfs.core.windows.net", "/appmode/job.jar"}},
		"a container alone": {in: "abfs://container1@demostore.dfs.core.windows.net",
			want: StorageURI{"abfs", "container1", "demostore", "demostore.dfs.core.windows.net", ""}},
		"a trailing slash is kept": {in: "wasbs://logs-2@acc1.blob.core.windows.net/a/",
			want: StorageURI{"wasbs", "logs-2", "acc1", "acc1.blob.core.windows.net", "/a/"}},
		"scheme and host have no case": {in: "ABFSS://flink@TestStorage.DFS.core.windows.net/A", text: "abfss://flink@teststorage.dfs.core.windows.net/A",
			want: StorageURI{"abfss", "flink", "teststorage", "teststorage.dfs.core.windows.net", "/A"}},
		"escapes are decoded once": {in: "abfs://flink@teststorage.dfs.core.windows.net/my%20jars/%C3%A4.jar", text: "abfs://flink@teststorage.dfs.core.windows.net/my jars/ä.jar",
			want: StorageURI{"abfs", "flink", "teststorage", "teststorage.dfs.core.windows.net", "/my jars/ä.jar"}},
		"doubled slashes are one": {in: "abfs://flink@teststorage.dfs.core.windows.net//a///b", text: "abfs://flink@teststorage.dfs.core.windows.net/a/b",
			want: StorageURI{"abfs", "flink", "teststorage", "teststorage.dfs.core.windows.net", "/a/b"}},
		"no scheme: a path below the container, not below storageUri's path": {in: "appmode/job.jar", text: "abfs://flink@teststorage.dfs.core.windows.net/appmode/job.jar",
			want: StorageURI{"abfs", "flink", "teststorage", "teststorage.dfs.core.windows.net", "/appmode/job.jar"}},
		"the published example": {in: "jobJarDirectory1", text: "abfs://flink@teststorage.dfs.core.windows.net/jobJarDirectory1",
			want: StorageURI{"abfs", "flink", "teststorage", "teststorage.dfs.core.windows.net", "/jobJarDirectory1"}},
		"https of an account": {in: "https://acc1.blob.core.windows.net/flink/a.jar",
			want: StorageURI{"https", "flink", "acc1", "acc1.blob.core.windows.net", "/a.jar"}},
		"a bucket": {in: "s3://bucket.one/a/b", want: StorageURI{"s3", "bucket.one", "", "", "/a/b"}},
		"a file":   {in: "file:///srv/a.jar", want: StorageURI{Scheme: "file", Path: "/srv/a.jar"}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, err := ParseURI(tt.in, home)
			if err != nil {
				t.Fatalf("got error %v", err)
			}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			text := tt.text
			if text == "" {
				text = tt.in
			}
			if got.String() != text {
				t.Errorf("String: got %q, want %q", got, text)
			}
		})
	}
}

func TestParseURIRefuses(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct{ in, code string }{
		"nothing":                          {"", "InvalidStorageUri"},
		"dot-dot":                          {"abfs://flink@acc.dfs.core.windows.net/a/../../etc", "InvalidStorageUri"},
		"dot-dot at the end":               {"abfs://flink@acc.dfs.core.windows.net/a/..", "InvalidStorageUri"},
		"dot-dot, encoded":                 {"abfs://flink@acc.dfs.core.windows.net/a/%2e%2E/b", "InvalidStorageUri"},
		"dot-dot, with the slash encoded":  {"abfs://flink@acc.dfs.core.windows.net/a/..%2Fb", "InvalidStorageUri"},
		"dot-dot, encoded twice":           {"abfs://flink@acc.dfs.core.windows.net/%252e%252e%252fetc", "InvalidStorageUri"},
		"dot-dot in a relative path":       {"../other/job.jar", "InvalidStorageUri"},
		"a single dot":                     {"abfs://flink@acc.dfs.core.windows.net/./a", "InvalidStorageUri"},
		"a backslash":                      {`abfs://flink@acc.dfs.core.windows.net/a\..\b`, "InvalidStorageUri"},
		"NUL":                              {"abfs://flink@acc.dfs.core.windows.net/a\x00b", "InvalidStorageUri"},
		"NUL, encoded":                     {"abfs://flink@acc.dfs.core.windows.net/a%00b", "InvalidStorageUri"},
		"a line break, encoded":            {"abfs://flink@acc.dfs.core.windows.net/a%0ab", "InvalidStorageUri"},
		"broken UTF-8":                     {"abfs://flink@acc.dfs.core.windows.net/\xff", "InvalidStorageUri"},
		"a broken escape":                  {"abfs://flink@acc.dfs.core.windows.net/100%", "InvalidStorageUri"},
		"a signature":                      {"abfs://flink@acc.dfs.core.windows.net/a?sv=2024&sig=x", "InvalidStorageUri"},
		"a fragment":                       {"abfs://flink@acc.dfs.core.windows.net/a#b", "InvalidStorageUri"},
		"a URI inside the path":            {"abfs://flink@acc.dfs.core.windows.net/abfs://x@y/z", "InvalidStorageUri"},
		"no container":                     {"abfs://acc.dfs.core.windows.net/a", "InvalidStorageUri"},
		"an empty container":               {"abfs://@acc.dfs.core.windows.net/a", "InvalidStorageUri"},
		"a container that is a path":       {"abfs://..@acc.dfs.core.windows.net/a", "InvalidStorageUri"},
		"a container with capitals":        {"abfs://Flink@acc.dfs.core.windows.net/a", "InvalidStorageUri"},
		"a container with two hyphens":     {"abfs://fl--ink@acc.dfs.core.windows.net/a", "InvalidStorageUri"},
		"a container that is too short":    {"abfs://fl@acc.dfs.core.windows.net/a", "InvalidStorageUri"},
		"a user and password":              {"abfs://flink:secret@acc.dfs.core.windows.net/a", "InvalidStorageUri"},
		"two at signs":                     {"abfs://flink@evil@acc.dfs.core.windows.net/a", "StorageUriNotAllowed"},
		"a foreign suffix":                 {"abfs://flink@acc.dfs.evil.example/a", "StorageUriNotAllowed"},
		"our suffix in the middle":         {"abfs://flink@acc.dfs.core.windows.net.evil.example/a", "StorageUriNotAllowed"},
		"a suffix that ends like ours":     {"abfs://flink@acc.dfs.evilcore.windows.net/a", "StorageUriNotAllowed"},
		"a trailing dot":                   {"abfs://flink@acc.dfs.core.windows.net./a", "StorageUriNotAllowed"},
		"a port":                           {"abfs://flink@acc.dfs.core.windows.net:8080/a", "StorageUriNotAllowed"},
		"neither blob nor dfs":             {"abfs://flink@acc.core.windows.net/a", "StorageUriNotAllowed"},
		"an account with a dot":            {"abfs://flink@a.b.dfs.core.windows.net/a", "StorageUriNotAllowed"},
		"an account that is a hyphen":      {"abfs://flink@-.dfs.core.windows.net/a", "StorageUriNotAllowed"},
		"the metadata service":             {"https://169.254.169.254/flink/a.jar", "InvalidStorageUri|StorageUriNotAllowed"},
		"loopback":                         {"https://127.0.0.1/flink/a.jar", "StorageUriNotAllowed"},
		"loopback as a number":             {"https://2130706433/flink/a.jar", "StorageUriNotAllowed"},
		"loopback in IPv6":                 {"https://[::ffff:127.0.0.1]/flink/a.jar", "StorageUriNotAllowed"},
		"https with a user":                {"https://acc.blob.core.windows.net@evil.example/flink/a.jar", "StorageUriNotAllowed"},
		"plain http":                       {"http://acc.blob.core.windows.net/flink/a.jar", "UnsupportedStorageScheme"},
		"another scheme":                   {"ftp://flink@acc.dfs.core.windows.net/a", "UnsupportedStorageScheme"},
		"file without slashes":             {"file:/etc/passwd", "UnsupportedStorageScheme"},
		"file with a host":                 {"file://evil/etc/passwd", "InvalidStorageUri"},
		"a bucket that is a path":          {"s3://../a", "InvalidStorageUri"},
		"no scheme before the slashes":     {"://flink@acc.dfs.core.windows.net/a", "InvalidStorageUri"},
		"2049 bytes":                       {"abfs://flink@acc.dfs.core.windows.net/" + strings.Repeat("a/", 1006), "InvalidStorageUri"},
		"a segment no file system accepts": {"abfs://flink@acc.dfs.core.windows.net/" + strings.Repeat("a", 256), "InvalidStorageUri"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, err := ParseURI(tt.in, home)
			e := AsError(err)
			if e == nil {
				t.Fatalf("got %+v, want an error", got)
			}
			if e.Kind != Invalid || !strings.Contains(tt.code, e.Code) {
				t.Errorf("got %s %s, want %s", e.Kind, e.Code, tt.code)
			}
			if strings.Contains(e.Message, "secret") {
				t.Errorf("the message shows a password: %s", e.Message)
			}
		})
	}
}

func TestARelativePathNeedsAContainer(t *testing.T) {
	t.Parallel()
	if got, err := ParseURI("jars/job.jar", StorageURI{}); err == nil {
		t.Errorf("got %v, want an error", got)
	}
}

func TestOtherSuffixesCanBeAllowed(t *testing.T) {
	t.Parallel()
	const in = "abfs://flink@acc.dfs.storage.corp.example/a"
	if _, err := ParseURI(in, StorageURI{}, "storage.corp.example"); err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := ParseURI("abfs://flink@acc.dfs.core.windows.net/a", StorageURI{}, "storage.corp.example"); err == nil {
		t.Error("a suffix that is not listed was accepted")
	}
}

func TestPlacesOfURIs(t *testing.T) {
	t.Parallel()
	uri := func(s string) StorageURI {
		u, err := ParseURI(s, StorageURI{})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	a := uri("abfs://flink@acc.dfs.core.windows.net/x/savepoints/")
	for why, tt := range map[string]struct{ got, want any }{
		"join":                              {a.Join("/t1/", "", "savepoint-1").String(), "abfs://flink@acc.dfs.core.windows.net/x/savepoints/t1/savepoint-1"},
		"join below a container":            {a.ContainerRoot().Join("x").String(), "abfs://flink@acc.dfs.core.windows.net/x"},
		"base":                              {a.Base(), "savepoints"},
		"base of a container":               {a.ContainerRoot().Base(), ""},
		"blob and dfs are one account":      {a.Same(uri("wasbs://flink@acc.blob.core.windows.net/x/savepoints")), true},
		"another container is another":      {a.Same(uri("abfs://flonk@acc.dfs.core.windows.net/x/savepoints")), false},
		"below":                             {a.Join("t").Below(uri("abfss://flink@acc.dfs.core.windows.net/x")), true},
		"itself is below":                   {a.Below(a), true},
		"all is below the container":        {a.Below(a.ContainerRoot()), true},
		"a name that begins alike is not":   {uri("abfs://flink@acc.dfs.core.windows.net/x/savepoints-2").Below(a), false},
		"the same path of another account":  {a.Below(uri("abfs://flink@other.dfs.core.windows.net/x")), false},
		"a bucket and an account differ":    {uri("s3://flink/x").Below(uri("abfs://flink@acc.dfs.core.windows.net")), false},
		"s3 and gs differ":                  {uri("s3://flink/x").Below(uri("gs://flink")), false},
		"Flink cannot read https":           {uri("https://acc.blob.core.windows.net/flink/a").OfAccount(), false},
		"https names the same place anyway": {uri("https://acc.blob.core.windows.net/flink/x/savepoints").Same(a), true},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if tt.got != tt.want {
				t.Errorf("got %v, want %v", tt.got, tt.want)
			}
		})
	}
}

// What is accepted has no way out of its container, and is read back from its text as it is.
func FuzzParseURI(f *testing.F) {
	for _, seed := range []string{
		"abfs://flink@acc.dfs.core.windows.net/a/b.jar", "https://acc.blob.core.windows.net/flink/", "s3://bucket/%2e%2e/x", "file:///a//b",
		"a/b", "/..%2f..", "abfs://a@b@c.dfs.core.windows.net/%252e", "wasb://$root@acc.blob.core.windows.net/\\", "abfs:////", "https://",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURI(s, home)
		if err != nil {
			if e := AsError(err); e == nil || e.Kind != Invalid || e.Code == "" || e.Message == "" {
				t.Fatalf("%q: an error nobody can act on: %v", s, err)
			}
			return
		}
		for segment := range strings.SplitSeq(u.Container+"/"+u.Account+"/"+u.Path, "/") {
			if segment == ".." || segment == "." || strings.ContainsAny(segment, "\\%\x00\n") {
				t.Fatalf("%q: unsafe segment %q in %+v", s, segment, u)
			}
		}
		again, err := ParseURI(u.String(), StorageURI{})
		if err != nil || again != u {
			t.Fatalf("%q: %+v reads back as %+v, %v", s, u, again, err)
		}
	})
}
