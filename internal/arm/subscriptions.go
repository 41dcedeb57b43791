package arm

import (
	"net/http"
	"strings"

	"drey/internal/cluster"
	"drey/internal/identity"
	"drey/internal/lifecycle"
)

// What ARM itself answers of subscriptions (API paper, 4.5). Clients ask with versions of its own API, of which there are many: any is taken.

const readSubscription = "Microsoft.Resources/subscriptions/read"

// listSubscriptions shows those that the caller may read, or has any right in: az signs in nowhere else.
func (f *Front) listSubscriptions(w http.ResponseWriter, r *request) error {
	all, err := f.door.Subscriptions(r.Context())
	if err != nil {
		return err
	}
	var seen []lifecycle.Subscription
	for _, s := range all {
		if id := "/subscriptions/" + s.ID; identity.Allow(r.who, readSubscription, id) || rightsBelow(r.who, id) {
			seen = append(seen, s)
		}
	}
	return writePart(w, r, seen, func(_ int, s lifecycle.Subscription) string { return s.ID }, showSubscription)
}

func rightsBelow(who identity.Principal, id string) bool {
	for _, a := range who.Roles {
		if strings.HasPrefix(strings.ToLower(a.Scope), strings.ToLower(id)+"/") {
			return true
		}
	}
	return false
}

func (f *Front) getSubscription(w http.ResponseWriter, r *request) error {
	all, err := f.door.Subscriptions(r.Context())
	if err != nil {
		return err
	}
	for _, s := range all {
		if strings.EqualFold(s.ID, r.params["subscription"]) {
			return writeJSON(w, http.StatusOK, showSubscription(s))
		}
	}
	return cluster.Errorf(cluster.NotFound, "SubscriptionNotFound", "", "The subscription %q could not be found.", r.params["subscription"])
}

func showSubscription(s lifecycle.Subscription) any {
	return map[string]any{
		"id": "/subscriptions/" + s.ID, "subscriptionId": s.ID, "displayName": s.Name, "tenantId": s.Tenant, "state": "Enabled",
		"authorizationSource": "RoleBased",
		"subscriptionPolicies": map[string]string{
			"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off",
		},
	}
}

func (f *Front) listLocations(w http.ResponseWriter, r *request) error {
	return writeList(w, f.door.Locations(), "", func(l lifecycle.Location) any {
		return map[string]any{
			"id": "/subscriptions/" + r.params["subscription"] + "/locations/" + l.Name, "name": l.Name, "type": "Region",
			"displayName": l.DisplayName, "regionalDisplayName": l.DisplayName, "metadata": map[string]string{"regionType": "Physical"},
		}
	})
}
