package cluster

import (
	"regexp"
	"strconv"
	"strings"
)

// SavePointName is what a savePointName means (R25). The zero value is none: the default applies.
type SavePointName struct {
	URI        StorageURI // of a full URI
	Name       string     // of a bare name: Flink's folder name or a name of the catalogue
	Checkpoint int64      // of chk-<n>: the checkpoint's id, 1 and up; Name is "chk-<n>" too
}

// Empty reports whether nothing was named.
func (n SavePointName) Empty() bool { return n == SavePointName{} }

// IsURI reports whether a full URI was given.
func (n SavePointName) IsURI() bool { return n.URI != StorageURI{} }

var (
	bareSavepoint  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$`)
	checkpointName = regexp.MustCompile(`^chk-([1-9][0-9]{0,17})$`)
)

// ParseSavePointName reads a savePointName. A path without a scheme is refused: it would mean another place to everybody.
func ParseSavePointName(s string, lim Limits) (SavePointName, *Fault) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return SavePointName{}, nil
	case strings.Contains(s, "://"):
		return savepointURI(s, lim)
	case !bareSavepoint.MatchString(s) || strings.Contains(s, ".."):
		return SavePointName{}, &Fault{Code: "InvalidSavePointName",
			Message: "A savepoint is named by its full URI, by its folder's name such as savepoint-1a2b3c-4d5e6f7a8b9c, or as chk-<n>; without wildcards, \"..\" or relative paths."}
	}
	name := SavePointName{Name: s}
	if m := checkpointName.FindStringSubmatch(s); m != nil {
		name.Checkpoint, _ = strconv.ParseInt(m[1], 10, 64) // 18 digits always fit
	}
	return name, nil
}

func savepointURI(s string, lim Limits) (SavePointName, *Fault) {
	u, err := ParseURI(s, StorageURI{}, lim.StorageSuffixes...)
	if e := AsError(err); e != nil {
		f := e.Fault("")
		return SavePointName{}, &f
	}
	// Flink takes the metadata file itself too.
	u.Path = strings.TrimRight(strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/_metadata"), "/")
	if fault := lim.misplaced(u, "A savepoint lies"); fault != nil {
		return SavePointName{}, fault
	}
	if u.Rel() == "" {
		return SavePointName{}, &Fault{Code: "InvalidSavePointName", Message: "A savepoint is a folder below a container."}
	}
	return SavePointName{URI: u}, nil
}
