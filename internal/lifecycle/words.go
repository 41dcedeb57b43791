package lifecycle

import (
	"strings"

	"drey/internal/cluster"
	"drey/internal/flink"
)

// outputFailure is the jobOutput of a failed action (R29).
func outputFailure(reason *cluster.Error, excerpt string) string {
	if reason.Code == flink.CodeJarNotFound {
		return cluster.OutputJarMissing(reason.Code)
	}
	return cluster.OutputFailed(reason.Code, reason.Message, excerpt)
}

// short is an id as lines show it.
func short(id string) string { return id[:min(8, len(id))] }

// lastSegment is the name of a folder by its URI.
func lastSegment(uri string) string {
	uri = strings.TrimRight(uri, "/")
	return uri[strings.LastIndexByte(uri, '/')+1:]
}

// sameURI compares two URIs of snapshots; Flink may leave a slash at the end, or write one slash less after the scheme.
func sameURI(a, b string) bool { return strings.TrimRight(a, "/") == strings.TrimRight(b, "/") }
