package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"drey/internal/arm/v20261101"
)

// change is one update as measured from outside, and as the server tells it; in seconds.
type change struct {
	gap      float64 // last record before to first record after, by the ledger
	reported float64
	parts    []v20261101.GapPart // of what is reported, in order
}

func (c change) String() string {
	return fmt.Sprintf("%.3f s (told: %.3f; %s)", c.gap, c.reported, gaps{c}.parts())
}

// gaps are the changes of one job, made one way.
type gaps []change

// total are the gaps by the ledger.
func (g gaps) total() series {
	return g.each(func(c change) float64 { return c.gap })
}

// wrong is how far the server's own word is from the ledger's.
func (g gaps) wrong() series {
	return g.each(func(c change) float64 { return math.Abs(c.reported - c.gap) })
}

// without is what is left of the gaps without some of their parts.
func (g gaps) without(parts []string) series {
	return g.each(func(c change) float64 {
		left := c.gap
		for _, part := range c.parts {
			if slices.Contains(parts, part.Name) {
				left -= part.Seconds
			}
		}
		return left
	})
}

func (g gaps) each(value func(change) float64) series {
	var s series
	for _, c := range g {
		s = append(s, value(c))
	}
	return s
}

// parts are the medians of the parts, in order, as a sentence.
func (g gaps) parts() string {
	var names []string
	all := map[string]series{}
	for _, c := range g {
		for _, part := range c.parts {
			if all[part.Name] == nil {
				names = append(names, part.Name)
			}
			all[part.Name] = append(all[part.Name], part.Seconds)
		}
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %.2f", name, all[name].median())
	}
	return strings.Join(names, ", ")
}
