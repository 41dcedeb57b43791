package arm

import (
	"net/http"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
)

func (f *Front) getPool(w http.ResponseWriter, r *request) error {
	pool, err := f.door.Pool(r.Context(), r.poolRef())
	if err != nil {
		return err
	}
	w.Header().Set("ETag", quote(pool.ETag))
	return writeJSON(w, http.StatusOK, r.version.encodePool(pool))
}

func (f *Front) listPools(w http.ResponseWriter, r *request) error {
	pools, err := f.door.Pools(r.Context(), r.params["subscription"], r.params["group"])
	if err != nil {
		return err
	}
	return writeList(w, pools, "", func(p cluster.Pool) any { return r.version.encodePool(p) })
}

// writeList answers a page of a list.
func writeList[T any](w http.ResponseWriter, items []T, next string, show func(T) any) error {
	list := contract.List{Value: []any{}, NextLink: next}
	for _, item := range items {
		list.Value = append(list.Value, show(item))
	}
	return writeJSON(w, http.StatusOK, list)
}
