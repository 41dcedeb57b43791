package storage

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"drey/internal/cluster"
)

// checkScript refuses what is no text. What it says is for Flink or Python to judge, before anything is stopped: the rehearsal calls it.
func (m *Mounts) checkScript(ctx context.Context, at, uri cluster.StorageURI) error {
	text, err := m.Read(ctx, at, maxScript)
	if err != nil {
		return fmt.Errorf("cannot read a staged script: %w", err)
	}
	why := ""
	switch {
	case !utf8.Valid(text) || strings.ContainsRune(string(text), 0):
		why = "it is no text in UTF-8"
	case strings.TrimSpace(string(text)) == "":
		why = "it is empty"
	default:
		return nil
	}
	return cluster.Errorf(cluster.Invalid, "InvalidScript", "", "%s is not a usable program: %s.", uri, why)
}
