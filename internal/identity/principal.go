// Package identity says who a caller is and what he may do: the built-in issuer of tokens, and the pure question [Allow].
package identity

// Principal is who made a request.
type Principal struct {
	ObjectID string
	AppID    string
	Name     string
	Type     string // User, Application, ManagedIdentity
	Roles    []Assignment
}

// Assignment gives a role on a scope and everything below it.
type Assignment struct {
	Role  string // Owner, Contributor, Reader or Job Operator
	Scope string // ARM id of a subscription, group or resource; "/" = everything
}
