package simtest

import (
	"testing"
	"testing/synctest"
	"time"

	"drey/internal/cluster"
)

func TestTheHandOverX(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.serve(nil)
		defer s.stop()
		s.create()
		time.Sleep(2 * time.Second)
		id := s.update(cluster.ActionUpdate)
		s.await(id)
		op, _ := s.Operation(t.Context(), id)
		t.Log(lines(op))
		for _, n := range s.seam.seen() {
			t.Log(n)
		}
		for _, n := range r.flink.Runs() {
			t.Log(n)
		}
	})
}
