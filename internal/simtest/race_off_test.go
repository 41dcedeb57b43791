//go:build !race

package simtest

const schedulesByDefault = 1500

// stride is how many moments of an operation a sweep passes over for each it looks at.
const stride = 1
