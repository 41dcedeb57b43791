package cluster

import (
	"regexp"
	"slices"
	"strings"
)

// Limits are what an administrator bounds requests with. The zero value has the built-in ones.
type Limits struct {
	StorageSuffixes []string            // allowed endings of storage accounts' hosts; none: DefaultStorageSuffixes
	Buckets         []string            // of S3, that may be used
	NodeSizes       map[string]NodeSize // further node sizes by name (R04)
	MaxNodes        int                 // of one group; 0: 250
	MaxTaskManagers int                 // 0: 1000
}

const (
	defaultMaxNodes        = 250
	defaultMaxTaskManagers = 1000
	maxMemoryMB            = 16 << 20 // 16 TiB: keeps sums of memory far from overflow
	maxCPU                 = 4096
)

func (l Limits) maxNodes() int {
	if l.MaxNodes > 0 {
		return l.MaxNodes
	}
	return defaultMaxNodes
}

// at is l for jobs of which facts are true.
func (l Limits) at(facts FlinkFacts) Limits {
	if facts.NoBuckets {
		l.Buckets = nil
	}
	return l
}

func (l Limits) maxTaskManagers() int {
	if l.MaxTaskManagers > 0 {
		return l.MaxTaskManagers
	}
	return defaultMaxTaskManagers
}

// JSON paths of the blocks of a spec.
const (
	atLocation = "location"
	atTags     = "tags"
	atProfile  = "properties.clusterProfile"
	atFlink    = atProfile + ".flinkProfile"
	atJob      = atFlink + ".jobSpec"
)

var (
	clusterVersionForm = regexp.MustCompile(`^[0-9]{1,5}(\.[0-9]{1,5}){2,3}$`)
	ossVersionForm     = regexp.MustCompile(`^[0-9]{1,5}(\.[0-9]{1,5}){2}$`)
	guidForm           = regexp.MustCompile(`^[{(]?[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}[)}]?$`)
	entryClassForm     = regexp.MustCompile(`^[\p{L}_$][\p{L}\p{N}_$]*(\.[\p{L}_$][\p{L}\p{N}_$]*)*$`)
)

// ValidateSpec finds all that is wrong with a declared cluster by itself, with JSON paths. What needs other resources (the pool, identities,
// mounts, capacity) is not looked at.
func ValidateSpec(spec Spec, facts FlinkFacts, lim Limits) []Fault {
	var l faultList
	lim = lim.at(facts)
	if spec.Location == "" {
		l.missing("location")
	}
	l = append(l, ValidateTags(spec.Tags)...)
	p := spec.Properties
	switch {
	case p.ClusterType == "":
		l.missing("properties.clusterType")
	case !strings.EqualFold(p.ClusterType, "Flink"):
		l.add("ClusterTypeNotSupported", "properties.clusterType", "Drey runs Flink.")
		return l // everything else has another meaning there
	}
	l.checkNodes(p.Compute.Nodes, lim)
	l.checkVersions(p.Profile, facts)
	l.checkIdentities(p.Profile)
	l.checkSecrets(p.Profile.Secrets)
	l.checkSSH(p.Profile.SSH)
	l.checkAutoscale(p.Profile)
	l.checkFlink(spec, facts, lim)
	return l
}

// missing says that a required property is not there.
func (l *faultList) missing(target string) {
	l.add(codeInvalidSpec, target, "This property is required.")
}

func (l *faultList) checkNodes(nodes []NodeGroup, lim Limits) {
	const at = "properties.computeProfile.nodes"
	if len(nodes) == 0 {
		l.missing(at)
		return
	}
	seen := map[string]bool{}
	for i, g := range nodes {
		target := indexed(at, i)
		kind := strings.ToLower(g.Type)
		switch {
		case kind != "head" && kind != "worker":
			l.add(codeInvalidSpec, target+".type", "The type of a node group is Head or Worker.")
		case seen[kind]:
			l.add(codeInvalidSpec, target+".type", "There is one %s group at most.", g.Type)
		}
		seen[kind] = true
		if g.VMSize == "" {
			l.missing(target + ".vmSize")
		} else {
			_, fault := ParseSKU(g.VMSize, lim.NodeSizes)
			l.addAt(target+".vmSize", fault)
		}
		if g.Count < 0 || g.Count > lim.maxNodes() || kind == "head" && g.Count == 0 {
			l.add(codeInvalidSpec, target+".count", "The count is between %d and %d.", lowestCount(kind), lim.maxNodes())
		}
	}
	if !seen["worker"] {
		l.add(codeInvalidSpec, at, "A Worker group is required.")
	}
}

// lowestCount: a cluster may have no workers for a while (2024-05 and later), but never no head.
func lowestCount(kind string) int {
	if kind == "head" {
		return 1
	}
	return 0
}

func (l *faultList) checkVersions(p Profile, facts FlinkFacts) {
	switch {
	case p.ClusterVersion == "":
		l.missing(atProfile + ".clusterVersion")
	case !clusterVersionForm.MatchString(p.ClusterVersion):
		l.add(codeInvalidSpec, atProfile+".clusterVersion", "A cluster version has three or four parts, for example 1.2.2.")
	}
	switch _, ok := facts.Resolve(p.OSSVersion); {
	case p.OSSVersion == "":
		l.missing(atProfile + ".ossVersion")
	case !ossVersionForm.MatchString(p.OSSVersion):
		l.add(codeInvalidSpec, atProfile+".ossVersion", "A Flink version has three parts, for example 2.3.0.")
	case facts.Unfit[p.OSSVersion] != "":
		why, way, _ := strings.Cut(facts.Unfit[p.OSSVersion], "; ")
		l.add("OssVersionNotAvailable", atProfile+".ossVersion", "Flink %s is installed and cannot run: %s.", p.OSSVersion, why)
		l.hint("%s", way)
	case !ok:
		l.add("OssVersionNotAvailable", atProfile+".ossVersion", "Flink %s is not installed.", p.OSSVersion)
		l.hint("%s", installHint(p.OSSVersion, facts))
	}
}

// installHint names the command that helps. A legacy version is never installed itself: it runs as the newest 1.20.x.
func installHint(version string, facts FlinkFacts) string {
	install := version
	if legacyVersions[version] {
		install = "1.20.x"
	}
	hint := "drey distribution install " + install
	if len(facts.Installed) > 0 {
		hint += "; installed: " + strings.Join(facts.Installed, ", ")
	}
	return hint
}

// legacyVersions are the Flink versions of the original (R03).
var legacyVersions = map[string]bool{"1.16.0": true, "1.17.0": true}

func (l *faultList) checkIdentities(p Profile) {
	if id := p.Identity; id != nil {
		at := atProfile + ".identityProfile"
		l.checkIdentity(at+".msiResourceId", id.ResourceID, at+".msiClientId", id.ClientID, at+".msiObjectId", id.ObjectID)
	}
	for i, id := range p.ManagedIdentities {
		at := indexed(atProfile+".managedIdentityProfile.identityList", i)
		if !slices.ContainsFunc([]string{"cluster", "user", "internal"}, func(t string) bool { return strings.EqualFold(t, id.Type) }) {
			l.add(codeInvalidSpec, at+".type", "The type of an identity is cluster, user or internal.")
		}
		l.checkIdentity(at+".resourceId", id.ResourceID, at+".clientId", id.ClientID, at+".objectId", id.ObjectID)
	}
}

func (l *faultList) checkIdentity(atResource, resource, atClient, client, atObject, object string) {
	if !strings.HasPrefix(resource, "/subscriptions/") || !printable(resource) {
		l.add(codeInvalidSpec, atResource, "This is not the resource id of a user-assigned managed identity.")
	}
	for _, id := range []struct{ at, value string }{{atClient, client}, {atObject, object}} {
		if !guidForm.MatchString(id.value) {
			l.add(codeInvalidSpec, id.at, "This is not a GUID.")
		}
	}
}

var vaultObjectForm = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{1,126}$`)

func (l *faultList) checkSecrets(s *Secrets) {
	if s == nil {
		return
	}
	const at = atProfile + ".secretsProfile"
	if s.KeyVaultResourceID == "" {
		l.missing(at + ".keyVaultResourceId")
	}
	seen := map[string]bool{}
	for i, ref := range s.Secrets {
		target := indexed(at+".secrets", i)
		if ref.ReferenceName == "" {
			l.missing(target + ".referenceName")
		} else if seen[ref.ReferenceName] {
			l.add(codeInvalidSpec, target+".referenceName", "The reference %q is given twice.", clip(ref.ReferenceName, 64))
		}
		seen[ref.ReferenceName] = true
		if !slices.ContainsFunc([]string{"Key", "Secret", "Certificate"}, func(t string) bool { return strings.EqualFold(t, ref.Type) }) {
			l.add(codeInvalidSpec, target+".type", "The type of a secret is Key, Secret or Certificate.")
		}
		if !vaultObjectForm.MatchString(ref.KeyVaultObjectName) {
			l.add(codeInvalidSpec, target+".keyVaultObjectName", "The name of an object in a key vault has 2 to 127 letters, digits and hyphens, and begins with a letter.")
		}
	}
}

func (l *faultList) checkSSH(s *SSH) {
	if s != nil && (s.Count < 0 || s.Count > 5) {
		l.add(codeInvalidSpec, atProfile+".sshProfile.count", "The count is between 0 and 5.")
	}
}
