package main

import (
	"fmt"
	"math"
	"slices"
)

// series are the measured values of one thing.
type series []float64

// quantile is the least value that a share q of all values does not exceed.
func (s series) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func (s series) median() float64 { return s.quantile(0.5) }

func (s series) String() string {
	return fmt.Sprintf("%.2f (%.2f-%.2f)", s.median(), slices.Min(s), slices.Max(s))
}

// row is the series as cells of a table: n, p50, p95, least, most.
func (s series) row() string {
	return fmt.Sprintf("%d | %.2f | %.2f | %.2f | %.2f", len(s), s.median(), s.quantile(0.95), slices.Min(s), slices.Max(s))
}
