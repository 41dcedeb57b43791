package arm

import (
	"net/http"

	"drey/internal/arm/v20240501"
	"drey/internal/lifecycle"
)

// What can only be read of a cluster: how its processes are, and what configures them.

func (f *Front) listInstanceViews(w http.ResponseWriter, r *request) error {
	v, err := f.door.InstanceView(r.Context(), r.clusterRef())
	if err != nil {
		return err
	}
	return writeList(w, []lifecycle.InstanceView{v}, "", func(v lifecycle.InstanceView) any { return v20240501.NewInstanceView(v) })
}

func (f *Front) getInstanceView(w http.ResponseWriter, r *request) error {
	v, err := f.door.InstanceView(r.Context(), r.clusterRef())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, v20240501.NewInstanceView(v))
}

func (f *Front) listServiceConfigs(w http.ResponseWriter, r *request) error {
	v, err := f.door.ServiceConfig(r.Context(), r.clusterRef())
	if err != nil {
		return err
	}
	return writeList(w, []lifecycle.ConfigView{v}, "", func(v lifecycle.ConfigView) any { return v20240501.NewServiceConfig(v) })
}
