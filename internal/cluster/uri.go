package cluster

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// StorageURI names a place in a storage account (R07). The zero value names nothing. It is comparable; use [StorageURI.Same]
// where abfs and abfss, or one suffix and another, shall not make a difference.
//
// Only abfs, abfss, wasb, wasbs and https URIs have an Account. Of the others, s3 can be used where its bucket is configured; the rest can be named only.
type StorageURI struct {
	Scheme    string // lower-case
	Container string // or bucket; "" for file
	Account   string // first label of Host, lower-case: the name of the mount
	Host      string // lower-case: account.dfs.core.windows.net
	Path      string // decoded, "" or beginning with "/"; a trailing slash is kept. Never has "..", "%" or control characters
}

// DefaultStorageSuffixes are the suffixes of storage accounts that are accepted where no others are configured.
var DefaultStorageSuffixes = []string{"core.windows.net", "core.chinacloudapi.cn", "core.usgovcloudapi.net"}

const (
	codeBadURI    = "InvalidStorageUri"
	codeURIDenied = "StorageUriNotAllowed"
	codeBadScheme = "UnsupportedStorageScheme"
)

var (
	schemeForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)
	containerForm = regexp.MustCompile(`^(\$root|\$web|[a-z0-9](-?[a-z0-9])*)$`)
	labelForm     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	accountHost   = regexp.MustCompile(`^([a-z0-9-]+)\.(?:blob|dfs)\.([a-z0-9.-]+)$`)
	bucketForm    = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{1,61}[a-z0-9])$`)
)

// ParseURI reads s. A value without a scheme is a path below the container of base; with a zero base it is an error.
// The path is percent-decoded once. No message repeats what was sent: it may hold a password or a signature. suffixes are the allowed endings of account hosts behind ".dfs." or ".blob.";
// none means [DefaultStorageSuffixes]. The error is a *Error of kind Invalid.
func ParseURI(s string, base StorageURI, suffixes ...string) (StorageURI, error) {
	if len(s) > 2048 {
		return StorageURI{}, Errorf(Invalid, codeBadURI, "", "A storage URI has at most 2048 bytes.")
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return StorageURI{}, Errorf(Invalid, codeBadURI, "", "A storage URI is UTF-8 text without control characters.")
	}
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		return parseBelow(s, base)
	}
	if !schemeForm.MatchString(scheme) {
		return StorageURI{}, Errorf(Invalid, codeBadURI, "", "A storage URI begins with a scheme such as abfs://.")
	}
	authority, rawPath := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, rawPath = rest[:i], rest[i:]
	}
	u := StorageURI{Scheme: strings.ToLower(scheme)}
	var err error
	if u.Path, err = cleanPath(rawPath); err != nil {
		return StorageURI{}, err
	}
	if len(suffixes) == 0 {
		suffixes = DefaultStorageSuffixes
	}
	return u.withAuthority(authority, suffixes)
}

// withAuthority fills in what stands between "://" and the path.
func (u StorageURI) withAuthority(authority string, suffixes []string) (StorageURI, error) {
	if strings.ContainsAny(authority, `%\?# `) {
		return StorageURI{}, Errorf(Invalid, codeBadURI, "", "What follows %s:// is not the name of a container and its account.", u.Scheme)
	}
	switch u.Scheme {
	case "abfs", "abfss", "wasb", "wasbs":
		container, host, ok := strings.Cut(authority, "@")
		if !ok {
			return StorageURI{}, Errorf(Invalid, codeBadURI, "", "A container is missing: %s://<container>@<account>.dfs.core.windows.net/<path>.", u.Scheme)
		}
		u.Container, u.Host = container, strings.ToLower(host)
	case "https":
		if strings.Contains(authority, "@") {
			return StorageURI{}, Errorf(Invalid, codeURIDenied, "", "A storage URI has no user name.")
		}
		u.Host = strings.ToLower(authority)
		u.Container, u.Path, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		if u.Path != "" {
			u.Path = "/" + u.Path
		}
	case "s3", "s3a", "gs":
		if !bucketForm.MatchString(authority) {
			return StorageURI{}, Errorf(Invalid, codeBadURI, "", "What follows %s:// is not the name of a bucket.", u.Scheme)
		}
		u.Container = authority
		return u, nil
	case "file":
		if authority != "" || u.Path == "" {
			return StorageURI{}, Errorf(Invalid, codeBadURI, "", "A file URI is file:///<absolute path>.")
		}
		return u, nil
	default:
		return StorageURI{}, Errorf(Invalid, codeBadScheme, "", "The scheme %q is not supported.", u.Scheme).WithHint("use abfs://")
	}
	return u.withAccount(suffixes)
}

// withAccount checks container and host, and takes the account from the host.
func (u StorageURI) withAccount(suffixes []string) (StorageURI, error) {
	if !containerForm.MatchString(u.Container) || len(u.Container) < 3 || len(u.Container) > 63 {
		return StorageURI{}, Errorf(Invalid, codeBadURI, "", "The name of a container has 3 to 63 lower-case letters, digits and single hyphens.")
	}
	m := accountHost.FindStringSubmatch(u.Host)
	if m == nil || !labelForm.MatchString(m[1]) {
		return StorageURI{}, Errorf(Invalid, codeURIDenied, "", "The host is not that of a storage account: <account>.dfs.<suffix> or <account>.blob.<suffix>.")
	}
	if !slices.Contains(suffixes, m[2]) {
		return StorageURI{}, Errorf(Invalid, codeURIDenied, "", "Storage accounts below %q are not allowed.", m[2]).
			WithHint("allowed: %s", strings.Join(suffixes, ", "))
	}
	u.Account = m[1]
	return u, nil
}

func parseBelow(s string, base StorageURI) (StorageURI, error) {
	if s == "" {
		return StorageURI{}, Errorf(Invalid, codeBadURI, "", "A storage URI is missing.")
	}
	if first, _, _ := strings.Cut(s, "/"); strings.HasSuffix(first, ":") { // file:/etc is another system's URI, not a folder "file:"
		return StorageURI{}, Errorf(Invalid, codeBadScheme, "", "This is neither a URI such as abfs://<container>@<account>.dfs.core.windows.net/<path> nor a path.")
	}
	if base == (StorageURI{}) {
		return StorageURI{}, Errorf(Invalid, codeBadURI, "", "A storage URI begins with a scheme such as abfs://.")
	}
	p, err := cleanPath("/" + s)
	if err != nil {
		return StorageURI{}, err
	}
	u := base.ContainerRoot()
	u.Path = p
	return u, nil
}

// cleanPath decodes raw once and folds doubled slashes. It refuses whatever could mean another place to somebody else: a "%" that
// is still there after decoding (so nothing is ever decoded twice), dot segments, backslashes, queries and fragments.
func cleanPath(raw string) (string, error) {
	p, err := url.PathUnescape(raw)
	if err != nil || strings.Contains(p, "%") {
		return "", Errorf(Invalid, codeBadURI, "", "The path has a %q that does not begin an escape, or is escaped twice.", "%")
	}
	if !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl) {
		return "", Errorf(Invalid, codeBadURI, "", "A storage URI is UTF-8 text without control characters.")
	}
	if strings.ContainsAny(p, `\?#`) || strings.Contains(p, "://") {
		return "", Errorf(Invalid, codeBadURI, "", `The path of a storage URI has no "\", "?", "#" or "://".`)
	}
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	for segment := range strings.SplitSeq(p, "/") {
		if segment == "." || segment == ".." {
			return "", Errorf(Invalid, codeBadURI, "", `The path of a storage URI has no "." or ".." segments.`)
		}
		if len(segment) > 255 {
			return "", Errorf(Invalid, codeBadURI, "", "A segment of the path has more than 255 bytes.")
		}
	}
	return p, nil
}

// String is the URI as Flink reads it: its path is not escaped. [ParseURI] reads it back to the same value.
func (u StorageURI) String() string {
	switch {
	case u == StorageURI{}:
		return ""
	case u.Scheme == "https":
		return "https://" + u.Host + "/" + u.Container + u.Path
	case u.Account != "":
		return u.Scheme + "://" + u.Container + "@" + u.Host + u.Path
	default:
		return u.Scheme + "://" + u.Container + u.Path
	}
}

// Rel is the path below the container without slashes at its ends; "" is the container itself.
func (u StorageURI) Rel() string { return strings.Trim(u.Path, "/") }

// Base is the last segment of the path, "" for a container.
func (u StorageURI) Base() string {
	if u.Rel() == "" {
		return ""
	}
	return path.Base(u.Rel())
}

// ContainerRoot is the container of u, without a path.
func (u StorageURI) ContainerRoot() StorageURI {
	u.Path = ""
	return u
}

// Join names a place below u. Elements are taken as they are; slashes at their ends do not count.
func (u StorageURI) Join(elements ...string) StorageURI {
	p := strings.TrimRight(u.Path, "/")
	for _, e := range elements {
		if e = strings.Trim(e, "/"); e != "" {
			p += "/" + e
		}
	}
	u.Path = p
	return u
}

// OfAccount reports whether u lies in a storage account and is written in a way that Flink can read: abfs, abfss, wasb or wasbs.
func (u StorageURI) OfAccount() bool { return u.Account != "" && u.Scheme != "https" }

// OfBucket reports whether u lies in a bucket of S3. Its name is the Container.
func (u StorageURI) OfBucket() bool { return u.Scheme == "s3" }

// misplaced says why a cluster can have nothing at u, or nil: it is neither in a storage account nor in a bucket of the server's.
// what is the beginning of the sentence: "A savepoint lies".
func (l Limits) misplaced(u StorageURI, what string) *Fault {
	switch {
	case u.OfAccount() || u.OfBucket() && slices.Contains(l.Buckets, u.Container):
		return nil
	case u.OfBucket():
		return &Fault{Code: codeURIDenied, Message: "The bucket is none of those that jobs at this location can use.", Hint: l.bucketsHint()}
	}
	text := what + " in a storage account, abfs://<container>@<account>.dfs.core.windows.net/<path>"
	if len(l.Buckets) > 0 {
		text += ", or in a bucket, s3://<bucket>/<path>"
	}
	return &Fault{Code: codeBadScheme, Message: text + "."}
}

func (l Limits) bucketsHint() string {
	if len(l.Buckets) == 0 {
		return "there are none; an administrator names them in storage.s3.buckets"
	}
	return "allowed: " + strings.Join(l.Buckets, ", ")
}

// Same reports whether u and v are the same place. Which of its names the account is called by does not matter.
func (u StorageURI) Same(v StorageURI) bool { return u.SameContainer(v) && u.Rel() == v.Rel() }

// SameContainer reports whether u and v lie in the same container.
func (u StorageURI) SameContainer(v StorageURI) bool {
	if u.Account != "" || v.Account != "" {
		return u.Account == v.Account && u.Container == v.Container
	}
	return u.Scheme == v.Scheme && u.Container == v.Container
}

// Below reports whether u lies below prefix, or is prefix itself.
func (u StorageURI) Below(prefix StorageURI) bool {
	if !u.SameContainer(prefix) {
		return false
	}
	p := prefix.Rel()
	return p == "" || u.Rel() == p || strings.HasPrefix(u.Rel(), p+"/")
}
