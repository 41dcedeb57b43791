package arm

import (
	"net/http"
	"strings"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
	"drey/internal/lifecycle"
)

// groupBody is what is read of a resource group.
type groupBody struct {
	ID         string            `json:"id" arm:"readonly"`
	Name       string            `json:"name" arm:"readonly"`
	Type       string            `json:"type" arm:"readonly"`
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags"`
	Properties map[string]any    `json:"properties" arm:"readonly"`
}

func showGroup(g lifecycle.Group) any {
	shown := map[string]any{
		"id": "/subscriptions/" + g.Subscription + "/resourceGroups/" + g.Name, "name": g.Name, "type": "Microsoft.Resources/resourceGroups",
		"location": g.Location, "properties": map[string]string{"provisioningState": "Succeeded"},
	}
	if g.Tags != nil {
		shown["tags"] = g.Tags
	}
	return shown
}

func (f *Front) listGroups(w http.ResponseWriter, r *request) error {
	all, err := f.door.Groups(r.Context(), r.params["subscription"])
	if err != nil {
		return err
	}
	return writePart(w, r, all, func(_ int, g lifecycle.Group) string { return strings.ToLower(g.Name) }, showGroup)
}

func (f *Front) getGroup(w http.ResponseWriter, r *request) error {
	g, err := f.door.Group(r.Context(), r.params["subscription"], r.params["groupName"])
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, showGroup(g))
}

// hasGroup answers HEAD: 204 if it is there.
func (f *Front) hasGroup(w http.ResponseWriter, r *request) error {
	if _, err := f.door.Group(r.Context(), r.params["subscription"], r.params["groupName"]); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (f *Front) putGroup(w http.ResponseWriter, r *request) error {
	in, ignored, err := r.group(w)
	if err != nil {
		return err
	}
	if in.Location == "" {
		return cluster.Errorf(cluster.Invalid, "LocationRequired", "location", "The location property is required for this definition.")
	}
	return f.storeGroup(w, r, in, ignored)
}

// patchGroup changes the tags, as a whole.
func (f *Front) patchGroup(w http.ResponseWriter, r *request) error {
	in, ignored, err := r.group(w)
	if err != nil {
		return err
	}
	old, err := f.door.Group(r.Context(), r.params["subscription"], r.params["groupName"])
	if err != nil {
		return err
	}
	if in.Location == "" {
		in.Location = old.Location
	}
	if in.Tags == nil {
		in.Tags = old.Tags
	}
	return f.storeGroup(w, r, in, ignored)
}

func (r *request) group(w http.ResponseWriter) (in groupBody, ignored []string, err error) {
	body, err := r.json(w)
	if err == nil {
		ignored, err = contract.Decode(body, &in, contract.Options{})
	}
	return in, ignored, err
}

func (f *Front) storeGroup(w http.ResponseWriter, r *request, in groupBody, ignored []string) error {
	g := lifecycle.Group{Subscription: r.params["subscription"], Name: r.params["groupName"], Location: in.Location, Tags: in.Tags}
	g, created, err := f.door.PutGroup(r.Context(), r.caller, g)
	if err != nil {
		return err
	}
	r.ignore(ignored)
	r.note(w)
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return writeJSON(w, status, showGroup(g))
}

// deleteGroup is done at once if the group is empty.
func (f *Front) deleteGroup(w http.ResponseWriter, r *request) error {
	op, err := f.door.DeleteGroup(r.Context(), r.caller, r.params["subscription"], r.params["groupName"])
	if err != nil {
		return err
	}
	if op != nil {
		return f.accepted(w, r, *op)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
