// Package contract holds what all api-versions share: ARM's common types, the reader of request bodies and the copier
// between wire types and the domain.
package contract

import "time"

// Resource is what every resource shows of itself. All of it is the server's.
type Resource struct {
	ID   string `json:"id,omitempty" arm:"readonly"`
	Name string `json:"name,omitempty" arm:"readonly"`
	Type string `json:"type,omitempty" arm:"readonly"`
}

// TrackedResource is a resource with a place and tags.
type TrackedResource struct {
	Resource
	Location   string            `json:"location" arm:"required"`
	Tags       map[string]string `json:"tags,omitzero"`
	SystemData *SystemData       `json:"systemData,omitempty" arm:"readonly"`
}

// SystemData says who made and last changed a resource.
type SystemData struct {
	CreatedBy          string `json:"createdBy"`
	CreatedByType      string `json:"createdByType"`
	CreatedAt          string `json:"createdAt"`
	LastModifiedBy     string `json:"lastModifiedBy"`
	LastModifiedByType string `json:"lastModifiedByType"`
	LastModifiedAt     string `json:"lastModifiedAt"`
}

// List is a page of a list.
type List struct {
	Value    []any  `json:"value"`              // never null
	NextLink string `json:"nextLink,omitempty"` // absolute; absent at the end
}

// Status is the body of an operation's status URL.
type Status struct {
	ID              string       `json:"id"`
	Name            string       `json:"name"`
	ResourceID      string       `json:"resourceId"`
	Status          string       `json:"status"`
	StartTime       string       `json:"startTime"`
	EndTime         string       `json:"endTime,omitempty"`
	PercentComplete *int         `json:"percentComplete,omitempty"`
	Properties      *any         `json:"properties,omitempty"` // absent while it runs, null or a value at the end
	Error           *ErrorDetail `json:"error,omitempty"`
}

// ErrorBody is the body of every error.
type ErrorBody struct {
	Error ErrorDetail `json:"error"`
}

// ErrorDetail is ARM's error. Hint, OperationID and RequestID are members of our own api-version; in the published ones they are in AdditionalInfo.
type ErrorDetail struct {
	Code           string        `json:"code"`
	Message        string        `json:"message"`
	Target         string        `json:"target,omitempty"`
	Details        []ErrorDetail `json:"details,omitempty"`
	AdditionalInfo []Info        `json:"additionalInfo,omitempty"`
	Hint           string        `json:"hint,omitempty"`
	OperationID    string        `json:"operationId,omitempty"`
	RequestID      string        `json:"requestId,omitempty"`
}

// Info is one entry of ARM's additionalInfo.
type Info struct {
	Type string            `json:"type"`
	Info map[string]string `json:"info"`
}

// Time writes a time as the original did: UTC with seven digits of a second. The zero time is "".
func Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.0000000Z")
}
