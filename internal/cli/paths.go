package cli

import (
	"net/url"
	"strings"
)

// poolPath is the pool's ARM id, escaped for a URL.
func (s *session) poolPath() (string, error) {
	c := s.conn
	for _, part := range [][2]string{{c.SubscriptionID, "--subscription"}, {c.ResourceGroup, "-g GROUP"}, {c.Pool, "-p POOL"}} {
		if part[0] == "" {
			return "", usage("name it with "+part[1], "the connection names no place to work in")
		}
	}
	return "/subscriptions/" + url.PathEscape(c.SubscriptionID) + "/resourceGroups/" + url.PathEscape(c.ResourceGroup) +
		"/providers/Microsoft.HDInsight/clusterpools/" + url.PathEscape(c.Pool), nil
}

// clusterPath is the path of cluster name; a whole ARM id is taken as it is.
func (s *session) clusterPath(name string) (string, error) {
	if strings.HasPrefix(name, "/subscriptions/") {
		return name, nil
	}
	if name == "" || strings.Contains(name, "/") {
		return "", usage("a cluster is named by its name in the pool, or by its whole id", "%q is no name of a cluster", name)
	}
	pool, err := s.poolPath()
	return pool + "/clusters/" + url.PathEscape(name), err
}
