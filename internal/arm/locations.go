package arm

import (
	"net/http"

	"drey/internal/arm/v20240501"
	"drey/internal/cluster"
)

// What can be asked of a location of a subscription. Its name comes back as the caller wrote it.

func (r *request) locationID() string {
	return "/subscriptions/" + r.params["subscription"] + provider + "/locations/" + r.params["location"]
}

func (f *Front) listPoolVersions(w http.ResponseWriter, r *request) error {
	if err := f.door.CheckLocation(r.params["location"]); err != nil {
		return err
	}
	return writePart(w, r, cluster.PoolVersions, byPlace, func(v string) any { return v20240501.NewPoolVersion(r.locationID(), v) })
}

func (f *Front) listClusterVersions(w http.ResponseWriter, r *request) error {
	all, err := f.door.AvailableVersions(r.params["location"])
	if err != nil {
		return err
	}
	return writePart(w, r, all, byPlace, func(v cluster.AvailableVersion) any { return v20240501.NewClusterVersion(r.locationID(), v) })
}

func (f *Front) checkName(w http.ResponseWriter, r *request) error {
	body, err := r.json(w)
	if err != nil {
		return err
	}
	q, ignored, err := v20240501.DecodeName(body, r.version.ours)
	if err != nil {
		return err
	}
	a, err := f.door.NameAvailable(r.Context(), r.params["subscription"], r.params["location"], q.Type, q.Name)
	if err != nil {
		return err
	}
	r.ignore(ignored)
	r.note(w)
	return writeJSON(w, http.StatusOK, v20240501.EncodeName(a))
}
