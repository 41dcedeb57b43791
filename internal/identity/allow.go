package identity

import "strings"

// SignedIn is the action of what any signed-in principal may do.
const SignedIn = "signed in"

// The built-in roles.
const (
	Owner       = "Owner"
	Contributor = "Contributor"
	Reader      = "Reader"
	JobOperator = "Job Operator"
)

// role lists actions with * for any text; what not names is taken away again.
type role struct{ actions, not []string }

// roles are the built-in ones; names and sets of the first three are Azure's.
var roles = map[string]role{
	Owner: {actions: []string{"*"}},
	Contributor: {actions: []string{"*"}, not: []string{
		"Microsoft.Authorization/*/delete", "Microsoft.Authorization/*/write", "Microsoft.Authorization/elevateAccess/action",
	}},
	Reader: {actions: []string{"*/read"}},
	JobOperator: {actions: []string{
		"Microsoft.HDInsight/clusterPools/read", "Microsoft.HDInsight/clusterPools/clusters/read",
		"Microsoft.HDInsight/clusterPools/clusters/*/read", "Microsoft.HDInsight/clusterPools/clusters/runJob/action",
	}},
}

// Allow reports whether who may do action on scope, an ARM id. It denies whatever no role grants.
func Allow(who Principal, action, scope string) bool {
	if who.ObjectID == "" || action == "" {
		return false
	}
	if action == SignedIn {
		return true
	}
	for _, a := range who.Roles {
		if covers(a.Scope, scope) && roles[a.Role].grants(action) {
			return true
		}
	}
	return false
}

func (r role) grants(action string) bool {
	return anyMatch(r.actions, action) && !anyMatch(r.not, action)
}

func anyMatch(patterns []string, action string) bool {
	for _, p := range patterns {
		if match(strings.ToLower(p), strings.ToLower(action)) {
			return true
		}
	}
	return false
}

// match compares text with a pattern that holds at most one *, as all of ours do.
func match(pattern, text string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	return len(text) >= len(before)+len(after) && strings.HasPrefix(text, before) && strings.HasSuffix(text, after)
}

// covers reports whether scope is outer or lies below it. A grant on /a/b says nothing about /a/bc.
func covers(outer, scope string) bool {
	outer, scope = strings.ToLower(strings.TrimRight(outer, "/")), strings.ToLower(strings.TrimRight(scope, "/"))
	return scope == outer || strings.HasPrefix(scope, outer+"/")
}
