package simtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"drey/internal/lifecycle"
)

// The standing tests of every kind of operation: it succeeds; each of its effects may happen twice; its server may be killed at each moment;
// each question and each effect may fail once.

func TestEveryKindHasATrial(t *testing.T) {
	have := map[string]bool{}
	for _, tr := range trials {
		have[tr.kind] = true
	}
	for _, kind := range lifecycle.Kinds() {
		if !have[kind.Name] {
			t.Errorf("no trial of %s: a new kind of operation needs one", kind.Name)
		}
	}
}

func TestEveryKindStandsFast(t *testing.T) {
	if _, err := image(); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(trials)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind := trials[name].kind
			met := func(p *play, fault string) {
				p.counts.Faults++
				p.meet(kind, fault)
			}
			plain := try(t, name, func(*play, *server) {})
			try(t, name, func(p *play, _ *server) {
				met(p, "every effect done twice")
				p.weather.mu.Lock()
				p.weather.twice = true
				p.weather.mu.Unlock()
			})
			each := func(n int, what string, meet func(p *play, s *server, at int)) {
				for at := 1; at <= n; at += stride {
					t.Run(fmt.Sprintf("%s %d", what, at), func(t *testing.T) {
						try(t, name, func(p *play, s *server) { meet(p, s, at) })
					})
				}
			}
			each(plain.commits, "killed after commit", func(p *play, s *server, at int) {
				met(p, "server killed at a commit")
				p.counts.Kills++
				s.seam.arm(&fate{Commit: at})
			})
			each(plain.effects, "killed after effect", func(p *play, s *server, at int) {
				met(p, "server killed at an effect")
				p.counts.Kills++
				s.seam.arm(&fate{Effect: at})
			})
			each(plain.effects, "the answer is lost of effect", func(p *play, _ *server, at int) {
				met(p, "answer lost")
				p.weather.mu.Lock()
				p.weather.lostAt = at
				p.weather.mu.Unlock()
			})
			each(plain.asked, "failed at question or effect", func(p *play, _ *server, at int) {
				n := 0
				p.weather.mu.Lock()
				defer p.weather.mu.Unlock()
				p.weather.fails = func(what string) error {
					if n++; n != at {
						return nil
					}
					if what == "Observe" || what == "GET" {
						met(p, "question failed")
					} else {
						met(p, "effect failed")
					}
					return errOnce
				}
			})
		})
	}
}

var errOnce = errors.New("it failed once")
