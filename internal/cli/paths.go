package cli

import (
	"net/url"
	"strings"
)

// groupPath is the resource group's ARM id, escaped for a URL.
func (s *session) groupPath() (string, error) {
	c := s.conn
	for _, part := range [][2]string{{c.SubscriptionID, "--subscription"}, {c.ResourceGroup, "-g GROUP"}} {
		if part[0] == "" {
			return "", nowhere(part[1])
		}
	}
	return "/subscriptions/" + url.PathEscape(c.SubscriptionID) + "/resourceGroups/" + url.PathEscape(c.ResourceGroup), nil
}

func nowhere(flag string) error {
	return usage("name it with "+flag, "the connection names no place to work in")
}

// poolPath is the ARM id of the pool in use.
func (s *session) poolPath() (string, error) { return s.namedPool(nil) }

// namedPool is the ARM id of the pool that is named first, else of the one in use.
func (s *session) namedPool(args []string) (string, error) {
	name := s.conn.Pool
	if len(args) > 0 {
		name = args[0]
	}
	group, err := s.groupPath()
	switch {
	case err != nil:
		return "", err
	case name == "":
		return "", nowhere("-p POOL")
	case strings.HasPrefix(name, "/subscriptions/"):
		return name, nil
	}
	return group + poolsBelow + "/" + url.PathEscape(name), nil
}

// poolsBelow is where the pools are in a resource group.
const poolsBelow = "/providers/Microsoft.HDInsight/clusterpools"

// clusterPath is the path of cluster name; a whole ARM id is taken as it is.
func (s *session) clusterPath(name string) (string, error) {
	if strings.HasPrefix(name, "/subscriptions/") {
		return name, nil
	}
	pool, err := s.poolPath()
	if err != nil {
		return "", err
	}
	return s.clusterIn(pool, name)
}

func (s *session) clusterIn(pool, name string) (string, error) {
	if name == "" || strings.Contains(name, "/") {
		return "", usage("a cluster is named by its name in the pool, or by its whole id", "%q is no name of a cluster", name)
	}
	return pool + "/clusters/" + url.PathEscape(name), nil
}

// poolOf is the pool's part of a path; "" of a path that leads to no pool.
func poolOf(at string) string {
	begin := strings.Index(strings.ToLower(at), strings.ToLower(poolsBelow)+"/")
	if begin < 0 {
		return ""
	}
	at, _, _ = strings.Cut(at, "?")
	begin += len(poolsBelow) + 1
	name, _, _ := strings.Cut(at[begin:], "/")
	return at[:begin] + name
}
