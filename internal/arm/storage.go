package arm

import (
	"net/http"
	"strconv"

	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// The files of mounted storage accounts. The file is named by the query parameter uri, as it is a place and no resource.

// uriOf is the file that a request is about.
func uriOf(r *request) (string, error) {
	uri, err := one(r.Request, "uri")
	if err == nil && uri == "" {
		err = cluster.Errorf(cluster.Invalid, invalidParameter, "uri", "The query parameter uri is missing: which file is meant.")
	}
	return uri, err
}

func (f *Front) listFiles(w http.ResponseWriter, r *request) error {
	uri, err := uriOf(r)
	if err != nil {
		return err
	}
	all, err := f.door.Files(r.Context(), r.poolRef(), uri)
	if err != nil {
		return err
	}
	return writeList(w, all, "", func(s lifecycle.StoredFile) any {
		return map[string]any{"name": s.Name, "uri": s.URI, "kind": kindOf(s), "bytes": s.Bytes}
	})
}

func kindOf(s lifecycle.StoredFile) string {
	if s.Dir {
		return "folder"
	}
	return "file"
}

// statFile answers a HEAD, which has no body: all there is to say is in headers.
func (f *Front) statFile(w http.ResponseWriter, r *request) error {
	uri, err := uriOf(r)
	if err != nil {
		return err
	}
	s, err := f.door.File(r.Context(), r.poolRef(), uri)
	if err != nil {
		return err
	}
	w.Header().Set("x-drey-kind", kindOf(s))
	w.Header().Set("x-drey-bytes", strconv.FormatInt(s.Bytes, 10))
	w.WriteHeader(http.StatusOK)
	return nil
}

func (f *Front) removeFile(w http.ResponseWriter, r *request) error {
	uri, err := uriOf(r)
	if err != nil {
		return err
	}
	if err := f.door.RemoveFile(r.Context(), r.caller, r.poolRef(), uri); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
