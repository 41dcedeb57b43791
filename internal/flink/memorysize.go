package flink

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

const mib = int64(1) << 20

// units are Flink's MemorySize units, all powers of 1024.
var units = map[string]int64{
	"": 1, "b": 1, "bytes": 1,
	"k": 1 << 10, "kb": 1 << 10, "kibibytes": 1 << 10,
	"m": 1 << 20, "mb": 1 << 20, "mebibytes": 1 << 20,
	"g": 1 << 30, "gb": 1 << 30, "gibibytes": 1 << 30,
	"t": 1 << 40, "tb": 1 << 40, "tebibytes": 1 << 40,
}

// ParseSize reads a size as Flink does: a whole number and a unit; without one, bytes.
func ParseSize(text string) (int64, error) {
	trimmed := strings.TrimSpace(text)
	digits := len(trimmed) - len(strings.TrimLeft(trimmed, "0123456789"))
	number, unit := trimmed[:digits], strings.ToLower(strings.TrimSpace(trimmed[digits:]))
	if number == "" {
		return 0, fmt.Errorf("%q is no size: write a whole number and a unit, for example 512m", text)
	}
	factor, known := units[unit]
	if !known {
		return 0, fmt.Errorf("%q has an unknown unit: use b, k, m, g or t", text)
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64/factor {
		return 0, fmt.Errorf("%q is too large", text)
	}
	return n * factor, nil
}

// sizeText is a size as sentences show it: in MB if it is whole ones.
func sizeText(bytes int64) string {
	if bytes%mib == 0 {
		return fmt.Sprintf("%d MB", bytes/mib)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/float64(mib))
}

// times multiplies as Flink's MemorySize.multiply: with the shortest decimal of the factor, cut to whole bytes.
func times(bytes int64, factor float64) int64 {
	f, ok := new(big.Rat).SetString(strconv.FormatFloat(factor, 'g', -1, 64))
	if !ok {
		return 0
	}
	product := f.Mul(f, new(big.Rat).SetInt64(bytes))
	whole := new(big.Int).Quo(product.Num(), product.Denom())
	if !whole.IsInt64() {
		return math.MaxInt64
	}
	return whole.Int64()
}

// sizes reads memory keys of one configuration and keeps the first error.
type sizes struct {
	config map[string]string
	err    error
}

func (s *sizes) has(key string) bool {
	_, ok := s.config[key]
	return ok
}

func (s *sizes) fail(key, format string, args ...any) {
	if s.err == nil {
		s.err = configErrorf(key, format, args...)
	}
}

// size is the value of key in bytes, or otherwise.
func (s *sizes) size(key string, otherwise int64) int64 {
	text, ok := s.config[key]
	if !ok {
		return otherwise
	}
	n, err := ParseSize(text)
	if err != nil {
		s.fail(key, "%s: %v.", key, err)
	}
	return n
}

// bounds is a share of something with its limits.
type bounds struct {
	key      string // without its last word, for sentences
	min, max int64
	fraction float64 // a Java float, widened
}

func (s *sizes) bounds(prefix string, min, max int64, fraction float32) bounds {
	b := bounds{key: prefix, min: s.size(prefix+".min", min), max: s.size(prefix+".max", max), fraction: float64(fraction)}
	if text, ok := s.config[prefix+".fraction"]; ok {
		f, err := strconv.ParseFloat(strings.TrimSpace(text), 32)
		b.fraction = f
		if err != nil || f < 0 || f >= 1 || math.IsNaN(f) {
			s.fail(prefix+".fraction", "%s.fraction must be at least 0 and less than 1, not %q.", prefix, text)
			b.fraction = 0
		}
	}
	if b.min > b.max {
		s.fail(prefix+".min", "%s.min (%s) is more than %s.max (%s).", prefix, sizeText(b.min), prefix, sizeText(b.max))
	}
	return b
}

// of is the share of a known whole, inverse the share of a whole of which only the rest is known.
func (b bounds) of(whole int64) int64     { return b.clamp(times(whole, b.fraction)) }
func (b bounds) inverse(rest int64) int64 { return b.clamp(times(rest, b.fraction/(1-b.fraction))) }

func (b bounds) clamp(n int64) int64 { return max(min(n, b.max), b.min) }

// check refuses a share that was not chosen but is what the other figures leave.
func (s *sizes) check(b bounds, what string, left int64) {
	if left < b.min || left > b.max {
		s.fail(b.key+".min", "The other memory settings leave %s for %s, but %s allows %s to %s.",
			sizeText(left), what, b.key, sizeText(b.min), sizeText(b.max))
	}
}
