package simtest

import (
	"strings"
	"testing"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func TestWhatIsReadOverOfABodyIsInTheLog(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		caller := s.caller()
		caller.Ignored = new(string)
		_, op, err := s.PatchCluster(s.Context(), caller, ref, func(old lifecycle.ClusterView) (cluster.Spec, error) {
			*caller.Ignored = "properties.new, zones" // as the front does once it has merged the body
			return old.Spec, nil
		}, lifecycle.Conditions{})
		if err != nil {
			s.Fatal(err)
		}
		if seen := s.finish(op.ID); !strings.Contains(lines(seen), ": ignored: properties.new, zones\n") {
			s.Errorf("the log is\n%s", lines(seen))
		}
	})
}
