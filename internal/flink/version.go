package flink

import (
	"regexp"
	"strconv"
)

var versionForm = regexp.MustCompile(`^(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?(?:[-.][0-9A-Za-z.-]{1,64})?$`)

// line is the release line of a version: 2 and 3 for "2.3.0".
func line(version string) (major, minor int, ok bool) {
	m := versionForm.FindStringSubmatch(version)
	if m == nil {
		return 0, 0, false
	}
	major, _ = strconv.Atoi(m[1])
	minor, _ = strconv.Atoi(m[2])
	return major, minor, true
}

// olderThan says that version belongs to a line before major.minor. What is no version is as new as can be.
func olderThan(version string, major, minor int) bool {
	a, b, ok := line(version)
	return ok && (a < major || a == major && b < minor)
}
