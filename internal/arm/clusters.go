package arm

import (
	"errors"
	"net/http"
	"strings"

	"drey/internal/arm/contract"
	"drey/internal/arm/v20240501"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

func (f *Front) getCluster(w http.ResponseWriter, r *request) error {
	c, err := f.door.StoredCluster(r.Context(), r.clusterRef())
	if err != nil {
		return err
	}
	text, err := f.encoded.cluster(r.version, c)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", quote(c.ETag))
	write(w, http.StatusOK, text)
	return nil
}

func (f *Front) listClusters(w http.ResponseWriter, r *request) error {
	if err := unfiltered(r); err != nil {
		return err
	}
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	all, next, err := f.door.StoredClusters(r.Context(), r.poolRef(), page)
	if err != nil {
		return err
	}
	items := make([][]byte, len(all))
	for i, c := range all {
		if items[i], err = f.encoded.cluster(r.version, c); err != nil {
			return err
		}
	}
	text, err := encodedList(items, nextLink(r, page, next))
	if err != nil {
		return err
	}
	write(w, http.StatusOK, text)
	return nil
}

// putCluster only translates. What the version cannot say is taken from the cluster that exists (R13).
func (f *Front) putCluster(w http.ResponseWriter, r *request) error {
	body, err := r.json(w)
	if err != nil {
		return err
	}
	var existing *cluster.Cluster
	old, err := f.door.Cluster(r.Context(), r.clusterRef())
	switch e := cluster.AsError(err); {
	case err == nil:
		existing = &old.Cluster
	case e == nil || e.Kind != cluster.NotFound:
		return err
	}
	spec, ignored, err := r.version.decodeCluster(body, existing)
	if err != nil {
		return err
	}
	r.ignore(ignored)
	view, op, err := f.door.PutCluster(r.Context(), r.caller, r.clusterRef(), r.version.put, spec, r.conditions())
	if err != nil {
		return err
	}
	r.note(w)
	if r.caller.DryRun {
		return foretold(w, op)
	}
	view.ProvisioningState = "Accepted" // also where nothing was to be done: the operation says so at the first poll (R16)
	w.Header().Set("ETag", quote(view.ETag))
	f.async(w, r, op, false)
	return writeJSON(w, http.StatusCreated, r.version.encodeCluster(view))
}

// patchCluster merges the body into what GET shows in this version, which is then read as a PUT is (R15).
func (f *Front) patchCluster(w http.ResponseWriter, r *request) error {
	body, err := r.json(w)
	if err != nil {
		return err
	}
	view, op, err := f.door.PatchCluster(r.Context(), r.caller, r.clusterRef(), func(old lifecycle.ClusterView) (spec cluster.Spec, err error) {
		merged, err := contract.Merge(r.version.encodeCluster(old), body)
		if err != nil {
			return spec, err
		}
		spec, ignored, err := r.version.decodeCluster(merged, &old.Cluster)
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

func (f *Front) resizeCluster(w http.ResponseWriter, r *request) error {
	body, err := r.json(w)
	if err != nil {
		return err
	}
	resize, ignored, err := v20240501.DecodeResize(body, r.version.ours)
	if err != nil {
		return err
	}
	r.ignore(ignored)
	_, op, err := f.door.ResizeCluster(r.Context(), r.caller, r.clusterRef(), resize, r.conditions())
	if err != nil {
		return err
	}
	r.note(w)
	return f.accepted(w, r, op)
}

func (f *Front) deleteCluster(w http.ResponseWriter, r *request) error {
	list, err := one(r.Request, "purge")
	if err != nil {
		return err
	}
	purge, err := purgeOf(list)
	if err != nil {
		return err
	}
	op, err := f.door.DeleteCluster(r.Context(), r.caller, r.clusterRef(), purge, r.conditions())
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

// purgeOf reads ?purge=checkpoints,logs,savepoints (R17).
func purgeOf(list string) ([]string, error) {
	var purge []string
	for _, part := range strings.FieldsFunc(strings.ToLower(list), func(c rune) bool { return c == ',' || c == ' ' }) {
		switch part {
		case "checkpoints", "logs", "savepoints":
			purge = append(purge, part)
		default:
			return nil, cluster.Errorf(cluster.Invalid, invalidParameter, "purge", "purge names checkpoints, logs and savepoints, separated by commas; not %q.", part)
		}
	}
	return purge, nil
}

func (f *Front) runJob(w http.ResponseWriter, r *request) error {
	body, err := r.json(w)
	if err != nil {
		return err
	}
	job, ignored, err := r.version.decodeRunJob(body)
	if err != nil {
		return err
	}
	r.ignore(ignored)
	// R37: deleting the cluster by way of its job needs the right to delete it; what only reads needs the right to read.
	also := map[cluster.Action]string{cluster.ActionDelete: deleteIt, cluster.ActionListSavepoint: readCluster}[job.Action]
	if also != "" && !f.may(r, also) {
		return forbidden(r.who, also, r.scope())
	}
	op, err := f.door.RunJob(r.Context(), r.caller, r.clusterRef(), job)
	if err != nil {
		return err
	}
	r.note(w)
	return f.accepted(w, r, op)
}

func (f *Front) listJobs(w http.ResponseWriter, r *request) error {
	filter, err := one(r.Request, "$filter")
	if err != nil {
		return err
	}
	keep, err := jobFilter(filter)
	if err != nil {
		return err
	}
	jobs, err := f.door.Jobs(r.Context(), r.clusterRef())
	if err != nil {
		return err
	}
	var kept []lifecycle.JobView
	for _, j := range jobs {
		if keep(j) {
			kept = append(kept, j)
		}
	}
	ref, err := f.spelled(r)
	if err != nil {
		return err
	}
	return writeList(w, kept, "", func(j lifecycle.JobView) any { return r.version.encodeJob(ref, j) })
}

// spelled is the address of the request's cluster with the casing of its creation.
func (f *Front) spelled(r *request) (cluster.Ref, error) {
	v, err := f.door.Cluster(r.Context(), r.clusterRef())
	return v.Ref, err
}

// jobFilter reads the two documented filters: jobName eq x, jarName eq x; quoted or not.
func jobFilter(filter string) (func(lifecycle.JobView) bool, error) {
	if strings.TrimSpace(filter) == "" {
		return func(lifecycle.JobView) bool { return true }, nil
	}
	words := strings.Fields(filter)
	bad := errors.New("filter")
	if len(words) >= 3 && strings.EqualFold(words[1], "eq") {
		value := strings.Trim(strings.Join(words[2:], " "), `'"`)
		switch strings.ToLower(words[0]) {
		case "jobname":
			return func(j lifecycle.JobView) bool { return strings.EqualFold(j.Name, value) }, nil
		case "jarname":
			return func(j lifecycle.JobView) bool { return strings.EqualFold(j.Launch.JarName, value) }, nil
		}
	}
	return nil, &cluster.Error{Kind: cluster.Invalid, Code: invalidParameter, Target: "$filter", Err: bad,
		Message: "A filter is: jobName eq NAME, or jarName eq NAME."}
}
