//go:build race

package simtest

// schedulesByDefault: the race detector makes each some ten times as slow.
const schedulesByDefault = 60

// stride is how many moments of an operation a sweep passes over for each it looks at.
const stride = 9
