package storage

import (
	"io"
	"strings"
	"unicode/utf8"

	"drey/internal/cluster"
)

// invalidScript is what is wrong with a program of text that is there.
func invalidScript(uri, why string) *cluster.Error {
	return cluster.Errorf(cluster.Invalid, "InvalidScript", "", "%s is not a usable program: %s.", uri, why)
}

// noText says why a file is no text, or "". What it says is for Flink or Python to judge, before anything is stopped: the rehearsal calls it.
func noText(file io.ReaderAt, size int64) (string, error) {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, size))
	switch {
	case err != nil:
		return "", err
	case !utf8.Valid(text) || strings.ContainsRune(string(text), 0):
		return "it is no text in UTF-8", nil
	case strings.TrimSpace(string(text)) == "":
		return "it is empty", nil
	}
	return "", nil
}
