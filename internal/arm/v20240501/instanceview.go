package v20240501

import (
	"drey/internal/lifecycle"
)

// InstanceView is the one view of a cluster's processes. As recorded, it has a name and properties only.
type InstanceView struct {
	Name       string                 `json:"name"`
	Properties InstanceViewProperties `json:"properties"`
}

// InstanceViewProperties are the view's properties.
type InstanceViewProperties struct {
	Status          InstanceViewStatus `json:"status"`
	ServiceStatuses []ServiceStatus    `json:"serviceStatuses"`
}

// InstanceViewStatus is the whole's.
type InstanceViewStatus struct {
	Ready   string `json:"ready"` // True, False, Unknown: unlike a service's, in capitals; clients compare it as text
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// ServiceStatus is one service's.
type ServiceStatus struct {
	Kind    string `json:"kind"`
	Ready   string `json:"ready"` // true, false, unknown
	Message string `json:"message"`
}

var capitals = map[lifecycle.Readiness]string{lifecycle.Ready: "True", lifecycle.NotReady: "False", lifecycle.ReadyUnknown: "Unknown"}

// NewInstanceView shows a view.
func NewInstanceView(v lifecycle.InstanceView) InstanceView {
	out := InstanceView{Name: "default", Properties: InstanceViewProperties{
		Status:          InstanceViewStatus{Ready: capitals[v.Ready], Reason: v.Reason, Message: v.Message},
		ServiceStatuses: []ServiceStatus{},
	}}
	for _, s := range v.Services {
		out.Properties.ServiceStatuses = append(out.Properties.ServiceStatuses, ServiceStatus{Kind: s.Kind, Ready: string(s.Ready), Message: s.Message})
	}
	return out
}

// ServiceConfig is one configuration file of a service.
type ServiceConfig struct {
	Properties ServiceConfigProperties `json:"properties"`
}

// ServiceConfigProperties name the file and list its keys.
type ServiceConfigProperties struct {
	ServiceName   string                   `json:"serviceName"`
	ComponentName string                   `json:"componentName"`
	FileName      string                   `json:"fileName"`
	Type          string                   `json:"type"`
	DefaultKeys   map[string]ConfigDefault `json:"defaultKeys"`
	CustomKeys    map[string]string        `json:"customKeys"`
}

// ConfigDefault is a key that the user has not set.
type ConfigDefault struct {
	Value       string `json:"value"`
	Description string `json:"description"`
}

// NewServiceConfig shows the one file that a Flink cluster has (R32).
func NewServiceConfig(v lifecycle.ConfigView) ServiceConfig {
	out := ServiceConfig{Properties: ServiceConfigProperties{
		ServiceName: "flink-operator", ComponentName: "flink-configs", FileName: "flink-conf.yaml", Type: "key-value",
		CustomKeys: v.Custom, DefaultKeys: make(map[string]ConfigDefault, len(v.Defaults)),
	}}
	for key, d := range v.Defaults {
		out.Properties.DefaultKeys[key] = ConfigDefault(d)
	}
	return out
}
