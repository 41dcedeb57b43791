package v20240501

// IdentityProfile is the cluster's identity, the older form.
type IdentityProfile struct {
	ResourceID string `json:"msiResourceId" arm:"required"`
	ClientID   string `json:"msiClientId" arm:"required"`
	ObjectID   string `json:"msiObjectId" arm:"required"`
}

// ManagedIdentityProfile is the newer form.
type ManagedIdentityProfile struct {
	IdentityList []ManagedIdentity `json:"identityList" arm:"required"`
}

// ManagedIdentity is one identity.
type ManagedIdentity struct {
	Type       string `json:"type" arm:"required"`
	ResourceID string `json:"resourceId" arm:"required"`
	ClientID   string `json:"clientId" arm:"required"`
	ObjectID   string `json:"objectId" arm:"required"`
}

// AuthorizationProfile lists who may use the data plane.
type AuthorizationProfile struct {
	UserIDs  []string `json:"userIds,omitzero"`
	GroupIDs []string `json:"groupIds,omitzero"`
}

// SecretsProfile names secrets of a vault.
type SecretsProfile struct {
	KeyVaultResourceID string            `json:"keyVaultResourceId" arm:"required"`
	Secrets            []SecretReference `json:"secrets,omitzero"`
}

// SecretReference names one secret.
type SecretReference struct {
	ReferenceName      string `json:"referenceName" arm:"required"`
	Type               string `json:"type" arm:"required"`
	KeyVaultObjectName string `json:"keyVaultObjectName" arm:"required"`
	Version            string `json:"version,omitempty"`
}

// ServiceConfigsProfile overrides files of one service.
type ServiceConfigsProfile struct {
	ServiceName string            `json:"serviceName" arm:"required"`
	Configs     []ComponentConfig `json:"configs" arm:"required"`
}

// ComponentConfig overrides files of one component.
type ComponentConfig struct {
	Component string       `json:"component" arm:"required"`
	Files     []ConfigFile `json:"files" arm:"required"`
}

// ConfigFile is a file by pairs or by content.
type ConfigFile struct {
	FileName string            `json:"fileName" arm:"required"`
	Content  string            `json:"content,omitempty" arm:"long"`
	Encoding string            `json:"encoding,omitempty"`
	Path     string            `json:"path,omitempty"`
	Values   map[string]string `json:"values,omitzero" arm:"text"`
}

// LogAnalyticsProfile says what is shipped.
type LogAnalyticsProfile struct {
	Enabled         bool             `json:"enabled" arm:"required"`
	ApplicationLogs *ApplicationLogs `json:"applicationLogs,omitempty"`
	MetricsEnabled  *bool            `json:"metricsEnabled,omitempty"`
}

// ApplicationLogs chooses streams.
type ApplicationLogs struct {
	StdOutEnabled   *bool `json:"stdOutEnabled,omitempty"`
	StdErrorEnabled *bool `json:"stdErrorEnabled,omitempty"`
}

// AutoscaleProfile is the autoscale profile.
type AutoscaleProfile struct {
	Enabled                     bool             `json:"enabled" arm:"required"`
	GracefulDecommissionTimeout *int32           `json:"gracefulDecommissionTimeout,omitempty"`
	AutoscaleType               string           `json:"autoscaleType,omitempty"`
	Schedule                    *ScheduleConfig  `json:"scheduleBasedConfig,omitempty"`
	Load                        *LoadBasedConfig `json:"loadBasedConfig,omitempty"`
}

// ScheduleConfig is schedule-based autoscale.
type ScheduleConfig struct {
	TimeZone     string     `json:"timeZone" arm:"required"`
	DefaultCount int32      `json:"defaultCount" arm:"required"`
	Schedules    []Schedule `json:"schedules" arm:"required"`
}

// Schedule is one window.
type Schedule struct {
	Days      []string `json:"days" arm:"required"`
	StartTime string   `json:"startTime" arm:"required"`
	EndTime   string   `json:"endTime" arm:"required"`
	Count     int32    `json:"count" arm:"required"`
}

// LoadBasedConfig is load-based autoscale.
type LoadBasedConfig struct {
	MinNodes       int32         `json:"minNodes" arm:"required"`
	MaxNodes       int32         `json:"maxNodes" arm:"required"`
	PollInterval   *int32        `json:"pollInterval,omitempty"`
	CooldownPeriod *int32        `json:"cooldownPeriod,omitempty"`
	ScalingRules   []ScalingRule `json:"scalingRules" arm:"required"`
}

// ScalingRule is one rule.
type ScalingRule struct {
	ActionType      string         `json:"actionType" arm:"required"`
	EvaluationCount int32          `json:"evaluationCount" arm:"required"`
	ScalingMetric   string         `json:"scalingMetric" arm:"required"`
	ComparisonRule  ComparisonRule `json:"comparisonRule" arm:"required"`
}

// ComparisonRule is a rule's condition.
type ComparisonRule struct {
	Operator  string  `json:"operator" arm:"required"`
	Threshold float64 `json:"threshold" arm:"required"`
}
