package arm

import (
	"net/http"

	"drey/internal/arm/v20240501"
	"drey/internal/cluster"
)

func (f *Front) upgradeCluster(w http.ResponseWriter, r *request) error {
	body, err := r.json(w)
	if err != nil {
		return err
	}
	upgrade, ignored, err := v20240501.DecodeUpgrade(body, r.version.ours)
	if err != nil {
		return err
	}
	r.ignore(ignored)
	_, op, err := f.door.UpgradeCluster(r.Context(), r.caller, r.clusterRef(), upgrade, r.conditions())
	if err != nil {
		return err
	}
	r.note(w)
	return f.accepted(w, r, op)
}

// listAvailableUpgrades answers none to the version that knows no upgrades of Flink's own version.
func (f *Front) listAvailableUpgrades(w http.ResponseWriter, r *request) error {
	all, err := f.door.AvailableUpgrades(r.Context(), r.clusterRef())
	if err != nil {
		return err
	}
	if r.version == preview2311 {
		all = nil
	}
	ref, err := f.spelled(r)
	if err != nil {
		return err
	}
	return writeList(w, all, "", func(u cluster.AvailableUpgrade) any { return v20240501.NewAvailableUpgrade(ref, u) })
}

func (f *Front) listUpgradeHistories(w http.ResponseWriter, r *request) error {
	all, err := f.door.UpgradesDone(r.Context(), r.clusterRef())
	if err != nil {
		return err
	}
	ref, err := f.spelled(r)
	if err != nil {
		return err
	}
	return writeList(w, all, "", func(u cluster.UpgradeDone) any { return v20240501.NewUpgradeHistory(ref, u) })
}
