package cluster

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// NodeSize is what a node of a size counts for. It is an accounting unit, never a machine of ours (R04).
type NodeSize struct {
	CPU      int
	MemoryMB int64
}

// Allocatable is the part of a node that roles can be counted against: 90 %.
func (n NodeSize) Allocatable() (cpu float64, memoryMB int64) {
	return float64(n.CPU) * 0.9, n.MemoryMB * 9 / 10
}

var skuForm = regexp.MustCompile(`^(?:standard_)?([a-z]{1,4}?)([0-9]{1,3})(?:-([0-9]{1,3}))?([a-z]*)(?:_v[0-9]{1,2})?$`)

// gibPerCPU is the memory of a virtual CPU by the first letter of the family.
var gibPerCPU = map[byte]int64{'f': 2, 'd': 4, 'e': 8}

// knownSizes are the sizes that the original's documentation names; only for hints.
var knownSizes = []string{
	"Standard_D4a_v4", "Standard_D4as_v4", "Standard_D8ads_v5", "Standard_D8as_v4", "Standard_D8d_v5", "Standard_D8ds_v5", "Standard_D16a_v4",
	"Standard_D16ads_v5", "Standard_D16d_v5", "Standard_D16ds_v5", "Standard_E4s_v3", "Standard_E8ads_v5", "Standard_E8as_v5", "Standard_E8d_v5",
	"Standard_E8ds_v5", "Standard_E16ads_v5", "Standard_E16ds_v5", "Standard_F4s_v2", "Standard_F8s_v2", "Standard_F16s_v2",
}

// ParseSKU reads a node size such as Standard_D8ds_v5, without regard to case. extra are the configured sizes; they win.
func ParseSKU(name string, extra map[string]NodeSize) (NodeSize, *Fault) {
	for key, size := range extra {
		if strings.EqualFold(key, name) {
			return size, nil
		}
	}
	m := skuForm.FindStringSubmatch(strings.ToLower(name))
	if m == nil || gibPerCPU[m[1][0]] == 0 {
		return NodeSize{}, unknownSize(name, extra)
	}
	cpu, _ := strconv.Atoi(m[2]) // three digits always fit
	size := NodeSize{CPU: cpu, MemoryMB: int64(cpu) * gibPerCPU[m[1][0]] * 1024}
	if m[3] != "" { // fewer processors than the memory of the size would have
		size.CPU, _ = strconv.Atoi(m[3])
	}
	if size.CPU == 0 || size.CPU > cpu {
		return NodeSize{}, unknownSize(name, extra)
	}
	return size, nil
}

func unknownSize(name string, extra map[string]NodeSize) *Fault {
	names := slices.Concat(knownSizes, slices.Sorted(maps.Keys(extra)))
	return &Fault{Code: "InvalidVmSize", Message: fmt.Sprintf("%q is not a known node size.", clip(name, 64)),
		Hint: "near names: " + strings.Join(nearest(clip(name, 64), names, 3), ", ")}
}

// nearest gives the n of names that differ from s by the fewest edits, the nearest first.
func nearest(s string, names []string, n int) []string {
	s = strings.ToLower(s)
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int {
		return distance(s, strings.ToLower(a)) - distance(s, strings.ToLower(b))
	})
	return sorted[:min(n, len(sorted))]
}

// distance is the number of bytes to insert, remove or replace to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
