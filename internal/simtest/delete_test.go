package simtest

import (
	"testing"

	"drey/internal/lifecycle"
)

// A DELETE that comes again, late, is the one that was carried out: it does not touch the cluster that has the name by now (R38).
func TestARepeatedDeleteLeavesTheNextClusterOfThatNameAlone(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *server) {
		remove := func(c lifecycle.Caller) string {
			op, err := s.DeleteCluster(s.Context(), c, ref, nil, lifecycle.Conditions{})
			if err != nil || op == nil {
				s.Fatalf("the delete answers %v, %v", op, err)
			}
			return op.ID
		}
		once := s.caller()
		once.ClientRequestID, once.Method = "mine", "DELETE"
		first := remove(once)
		s.await(first)
		s.create()
		late := s.caller() // a request of its own, with the same names and the same content
		late.ClientRequestID, late.Method, late.URL = once.ClientRequestID, once.Method, once.URL
		if again := remove(late); again != first {
			s.Errorf("the repeated delete is operation %s, want %s", again, first)
		}
		if v := s.see(); v.ProvisioningState != "Succeeded" {
			s.Errorf("the next cluster is %s", v.ProvisioningState)
		}
	})
}
