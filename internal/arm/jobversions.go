package arm

import (
	"net/http"
	"strconv"

	"drey/internal/arm/v20261101"
	"drey/internal/cluster"
)

// The routes of our own api-version that say what a job ran, runs and could run (docs/decisions/0005).

// jobVersions reads the versions of the cluster's job as they are shown.
func (f *Front) jobVersions(r *request) ([]v20261101.JobVersion, error) {
	all, err := f.door.Versions(r.Context(), r.clusterRef())
	if err != nil {
		return nil, err
	}
	view, err := f.door.Cluster(r.Context(), r.clusterRef())
	if err != nil {
		return nil, err
	}
	shown := make([]v20261101.JobVersion, len(all))
	for i, v := range all {
		shown[i] = v20261101.NewJobVersion(v, view.Job)
	}
	return shown, nil
}

func (f *Front) listVersions(w http.ResponseWriter, r *request) error {
	all, err := f.jobVersions(r)
	if err != nil {
		return err
	}
	return writeList(w, all, "", func(v v20261101.JobVersion) any { return v })
}

func (f *Front) getVersion(w http.ResponseWriter, r *request) error {
	number, err := versionNumber(r)
	if err != nil {
		return err
	}
	all, err := f.jobVersions(r)
	if err != nil {
		return err
	}
	for _, v := range all {
		if v.Properties.Number == number {
			return writeJSON(w, http.StatusOK, v)
		}
	}
	return noVersion(r.params["version"])
}

// versionNumber is the path's version of the job.
func versionNumber(r *request) (int, error) {
	n, err := strconv.Atoi(r.params["version"])
	if err != nil {
		return 0, noVersion(r.params["version"])
	}
	return n, nil
}

func noVersion(name string) *cluster.Error {
	return cluster.Errorf(cluster.NotFound, "VersionNotFound", "version", "The job has no version %q.", name)
}

func (f *Front) rollback(w http.ResponseWriter, r *request) error {
	number, err := versionNumber(r)
	if err != nil {
		return err
	}
	var body []byte
	if r.ContentLength != 0 {
		if body, err = r.json(w); err != nil {
			return err
		}
	}
	asked, err := v20261101.DecodeRollback(body)
	if err != nil {
		return err
	}
	op, err := f.door.Rollback(r.Context(), r.caller, r.clusterRef(), number, asked.SavePointName)
	if err != nil {
		return err
	}
	return f.accepted(w, r, op)
}

func (f *Front) listIncarnations(w http.ResponseWriter, r *request) error {
	all, err := f.door.Incarnations(r.Context(), r.clusterRef())
	if err != nil {
		return err
	}
	return writeList(w, all, "", func(i cluster.Incarnation) any { return v20261101.NewIncarnation(i) })
}

func (f *Front) declareDead(w http.ResponseWriter, r *request) error {
	declared, err := f.door.DeclareDead(r.Context(), r.caller, r.clusterRef())
	if err != nil {
		return err
	}
	return writeList(w, declared, "", func(i cluster.Incarnation) any { return v20261101.NewIncarnation(i) })
}

func (f *Front) planJob(w http.ResponseWriter, r *request) error {
	body, err := r.json(w)
	if err != nil {
		return err
	}
	job, _, err := r.version.decodeRunJob(body) // our own version ignores nothing: it refuses
	if err != nil {
		return err
	}
	plan, err := f.door.PlanJob(r.Context(), r.clusterRef(), job)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, v20261101.NewJobPlan(plan))
}
