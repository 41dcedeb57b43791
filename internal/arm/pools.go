package arm

import (
	"net/http"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func (f *Front) getPool(w http.ResponseWriter, r *request) error {
	v, err := f.door.PoolView(r.Context(), r.poolRef())
	if err != nil {
		return err
	}
	w.Header().Set("ETag", quote(v.ETag))
	return writeJSON(w, http.StatusOK, r.version.pools.Encode(v))
}

func (f *Front) listPools(w http.ResponseWriter, r *request) error {
	if err := unfiltered(r); err != nil {
		return err
	}
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	pools, next, err := f.door.PoolViews(r.Context(), r.params["subscription"], r.params["group"], page)
	if err != nil {
		return err
	}
	return writePage(w, r, page, pools, next, func(v lifecycle.PoolView) any { return r.version.pools.Encode(v) })
}

// putPool only translates. What the version cannot say is taken from the pool that exists (R13).
func (f *Front) putPool(w http.ResponseWriter, r *request) error {
	body, err := r.json(w)
	if err != nil {
		return err
	}
	var existing *cluster.Pool
	old, err := f.door.PoolView(r.Context(), r.poolRef())
	switch e := cluster.AsError(err); {
	case err == nil:
		existing = &old.Pool
	case e == nil || e.Kind != cluster.NotFound:
		return err
	}
	spec, ignored, err := r.version.pools.Decode(body, existing)
	if err != nil {
		return err
	}
	r.ignore(ignored)
	view, op, err := f.door.PutPool(r.Context(), r.caller, r.poolRef(), spec, r.conditions())
	if err != nil {
		return err
	}
	r.note(w)
	if r.caller.DryRun {
		return foretold(w, op)
	}
	view.ProvisioningState = cluster.ProvisioningAccepted // also where nothing was to be done: the operation says so at the first poll (R16)
	w.Header().Set("ETag", quote(view.ETag))
	f.async(w, r, op, false)
	return writeJSON(w, http.StatusCreated, r.version.pools.Encode(view))
}

// patchPool merges the body into what GET shows in this version, which is then read as a PUT is (R15).
func (f *Front) patchPool(w http.ResponseWriter, r *request) error {
	body, err := r.json(w)
	if err != nil {
		return err
	}
	view, op, err := f.door.PatchPool(r.Context(), r.caller, r.poolRef(), func(old cluster.Pool) (spec cluster.PoolSpec, err error) {
		merged, err := contract.Merge(r.version.pools.Encode(lifecycle.PoolView{Pool: old}), body)
		if err != nil {
			return spec, err
		}
		spec, ignored, err := r.version.pools.Decode(merged, &old)
		r.ignore(ignored)
		return spec, err
	}, r.conditions())
	if err != nil {
		return err
	}
	r.note(w)
	w.Header().Set("ETag", quote(view.ETag))
	return f.accepted(w, r, op)
}

func (f *Front) deletePool(w http.ResponseWriter, r *request) error {
	op, err := f.door.DeletePool(r.Context(), r.caller, r.poolRef(), r.conditions())
	if err != nil {
		return err
	}
	if op == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	w.Header().Set("ETag", operationETag(*op))
	return f.accepted(w, r, *op)
}

// poolResult is what an operation on a pool made of it.
func (f *Front) poolResult(w http.ResponseWriter, r *request, ref cluster.PoolRef) error {
	v, err := f.door.PoolView(r.Context(), ref)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, r.version.pools.Encode(v))
}
