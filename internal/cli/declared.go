package cli

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// readOnly are the members of a resource that the server makes; a declaration does not have them. A test compares them with the
// wire types.
var readOnly = []string{
	"id", "name", "type", "etag", "systemData", "properties.provisioningState", "properties.deploymentId", "properties.status", "properties.observed",
	"properties.clusterProfile.components", "properties.clusterProfile.connectivityProfile", "properties.clusterProfile.sshProfile.podPrefix",
	"properties.clusterProfile.clusterAccessProfile.privateLinkServiceId",
	"properties.aksManagedResourceGroupName", "properties.aksClusterProfile", "properties.computeProfile.count",
}

// declared is a resource as one declares it: what the server answers, without what only the server makes.
func declared(text []byte) (map[string]any, error) {
	var body map[string]any
	if err := json.Unmarshal(text, &body); err != nil {
		return nil, fmt.Errorf("cannot understand the server's answer: %w", err)
	}
	for _, at := range readOnly {
		drop(body, strings.Split(at, "."))
	}
	return body, nil
}

func drop(body map[string]any, at []string) {
	if len(at) == 1 {
		delete(body, at[0])
		return
	}
	if below, ok := body[at[0]].(map[string]any); ok {
		drop(below, at[1:])
	}
}

// document is a resource as files have it.
type document struct {
	Type       string `json:"type"`
	APIVersion string `json:"apiVersion"`
	Name       string `json:"name"`
	Location   any    `json:"location,omitempty"`
	Tags       any    `json:"tags,omitempty"`
	Properties any    `json:"properties"`
}

// exported is a cluster as files have it.
func exported(raw []byte, pool string) (document, error) {
	var named struct{ ID, Name string }
	if err := json.Unmarshal(raw, &named); err != nil {
		return document{}, fmt.Errorf("cannot understand the server's answer: %w", err)
	}
	if i := strings.LastIndex(named.ID, "/clusters/"); i > 0 {
		pool = path.Base(named.ID[:i])
	}
	body, err := declared(raw)
	if err != nil {
		return document{}, err
	}
	return document{clusterType, apiVersion, pool + "/" + named.Name, body["location"], body["tags"], body["properties"]}, nil
}
