package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"drey/internal/arm/v20261101"
	"drey/internal/flink"
)

// masked is a value that the server keeps for itself.
const masked = flink.Hidden

// secretAt reports whether a place of a resource holds a secret of Flink's configuration.
func secretAt(at string) bool {
	for _, above := range []string{flinkProfile + "flinkConfiguration.", "].values."} {
		if _, key, ok := strings.Cut(at, above); ok {
			return flink.Sensitive(key)
		}
	}
	return false
}

// secretChanges are the secrets that a file gives and the server does not show. The server alone can compare them: it is asked what a PUT
// would do that changes nothing else.
func (s *session) secretChanges(ctx context.Context, r resource, now map[string]any) []difference {
	var given []string
	body, err := jsonOf(withSecrets(now, r.body, "", &given))
	if len(given) == 0 || err != nil {
		return nil
	}
	slices.Sort(given)
	says := " (another)"
	a, err := s.do(ctx, request{method: http.MethodPut, path: r.path, body: bytesBody(body), header: http.Header{"Content-Type": {"application/json"}, http.CanonicalHeaderKey(dryRunHeader): {"true"}}})
	var f v20261101.Foretold
	switch {
	case err != nil || json.Unmarshal(a.body, &f) != nil || !f.DryRun:
		says = " (not compared)"
	case f.Unchanged:
		return nil
	}
	var found []difference
	for _, at := range given {
		found = append(found, difference{at, masked, masked + says})
	}
	return found
}

// withSecrets is now with the values of wanted where now is masked; their places go into given.
func withSecrets(now, wanted any, at string, given *[]string) any {
	switch n := now.(type) {
	case map[string]any:
		w, _ := wanted.(map[string]any)
		n = maps.Clone(n)
		for name, below := range n {
			n[name] = withSecrets(below, w[name], strings.TrimPrefix(at+"."+name, "."), given)
		}
		return n
	case []any:
		w, _ := wanted.([]any)
		n = slices.Clone(n)
		for i := range min(len(n), len(w)) {
			n[i] = withSecrets(n[i], w[i], fmt.Sprintf("%s[%d]", at, i), given)
		}
		return n
	case string:
		if w, ok := wanted.(string); ok && n == masked && w != masked {
			*given = append(*given, at)
			return w
		}
	}
	return now
}
