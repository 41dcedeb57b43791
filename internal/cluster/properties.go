package cluster

// Properties are the settable properties of a cluster, with ARM's names. Strings are kept as sent. A nil block is absent.
// This is also the form in which they are stored.
type Properties struct {
	ClusterType string  `json:"clusterType"`
	Compute     Compute `json:"computeProfile"`
	Profile     Profile `json:"clusterProfile"`
}

// Compute is the compute profile.
type Compute struct {
	Nodes             []NodeGroup `json:"nodes"`
	AvailabilityZones []string    `json:"availabilityZones,omitempty"` // stored and echoed, in the one version that knows it
}

// NodeGroup is a group of nodes of one size: an accounting unit, never a machine of ours (R04, R05).
type NodeGroup struct {
	Type   string `json:"type"` // Head or Worker, in any case
	VMSize string `json:"vmSize"`
	Count  int    `json:"count"`
}

// Profile is the cluster profile.
type Profile struct {
	ClusterVersion    string                  `json:"clusterVersion"`
	OSSVersion        string                  `json:"ossVersion"`
	Identity          *Identity               `json:"identityProfile,omitempty"`
	ManagedIdentities []ManagedIdentity       `json:"managedIdentityProfile,omitempty"`
	Authorization     Authorization           `json:"authorizationProfile"`
	Secrets           *Secrets                `json:"secretsProfile,omitempty"`
	ServiceConfigs    []ServiceConfig         `json:"serviceConfigsProfiles,omitempty"`
	Access            *Access                 `json:"clusterAccessProfile,omitempty"`
	LogAnalytics      *LogAnalytics           `json:"logAnalyticsProfile,omitempty"`
	Prometheus        *Prometheus             `json:"prometheusProfile,omitempty"`
	SSH               *SSH                    `json:"sshProfile,omitempty"`
	Autoscale         *Autoscale              `json:"autoscaleProfile,omitempty"`
	RangerPlugin      *RangerPlugin           `json:"rangerPluginProfile,omitempty"`
	Flink             *Flink                  `json:"flinkProfile,omitempty"`
	ScriptActions     []ScriptAction          `json:"scriptActionProfiles,omitempty"`
	Other             map[string]OtherProfile `json:"other,omitempty"` // blocks of other cluster types, by their ARM name
}

// OtherProfile is a block of another cluster type, kept as it came.
type OtherProfile map[string]any

// Identity is a user-assigned managed identity by resource id.
type Identity struct {
	ResourceID string `json:"msiResourceId"`
	ClientID   string `json:"msiClientId"`
	ObjectID   string `json:"msiObjectId"`
}

// ManagedIdentity is one entry of the managed identity profile.
type ManagedIdentity struct {
	Type       string `json:"type"` // cluster, user, internal
	ResourceID string `json:"resourceId"`
	ClientID   string `json:"clientId"`
	ObjectID   string `json:"objectId"`
}

// Authorization lists directory objects that may use the data plane.
type Authorization struct {
	UserIDs  []string `json:"userIds,omitempty"`
	GroupIDs []string `json:"groupIds,omitempty"`
}

// Secrets names secrets of a key vault; values are never here.
type Secrets struct {
	KeyVaultResourceID string            `json:"keyVaultResourceId"`
	Secrets            []SecretReference `json:"secrets,omitempty"`
}

// SecretReference is a name for an object of the vault.
type SecretReference struct {
	ReferenceName      string `json:"referenceName"`
	Type               string `json:"type"`
	KeyVaultObjectName string `json:"keyVaultObjectName"`
	Version            string `json:"version,omitempty"`
}

// ServiceConfig overrides configuration files of one service.
type ServiceConfig struct {
	ServiceName string            `json:"serviceName"`
	Configs     []ComponentConfig `json:"configs"`
}

// ComponentConfig holds the files of one component.
type ComponentConfig struct {
	Component string       `json:"component"`
	Files     []ConfigFile `json:"files"`
}

// ConfigFile is a file given as key-value pairs or as content.
type ConfigFile struct {
	FileName string            `json:"fileName"`
	Content  string            `json:"content,omitempty"`
	Encoding string            `json:"encoding,omitempty"`
	Path     string            `json:"path,omitempty"`
	Values   map[string]string `json:"values,omitempty"`
}

// Access says whether the cluster has only an internal ingress.
type Access struct {
	EnableInternalIngress bool `json:"enableInternalIngress"`
}

// LogAnalytics says what is shipped to the pool's workspace.
type LogAnalytics struct {
	Enabled         bool             `json:"enabled"`
	ApplicationLogs *ApplicationLogs `json:"applicationLogs,omitempty"`
	MetricsEnabled  *bool            `json:"metricsEnabled,omitempty"`
}

// ApplicationLogs chooses streams.
type ApplicationLogs struct {
	StdOutEnabled   *bool `json:"stdOutEnabled,omitempty"`
	StdErrorEnabled *bool `json:"stdErrorEnabled,omitempty"`
}

// Prometheus switches export to Prometheus.
type Prometheus struct {
	Enabled bool `json:"enabled"`
}

// SSH is the profile of SSH pods: stored and echoed.
type SSH struct {
	Count  int    `json:"count"`
	VMSize string `json:"vmSize,omitempty"`
}

// RangerPlugin is stored and echoed.
type RangerPlugin struct {
	Enabled bool `json:"enabled"`
}

// ScriptAction is stored and echoed.
type ScriptAction struct {
	Type             string   `json:"type"`
	Name             string   `json:"name"`
	URL              string   `json:"url"`
	Parameters       string   `json:"parameters,omitempty"`
	Services         []string `json:"services"`
	TimeoutInMinutes *int     `json:"timeoutInMinutes,omitempty"`
	ShouldPersist    *bool    `json:"shouldPersist,omitempty"`
}

// Autoscale is the autoscale profile.
type Autoscale struct {
	Enabled                     bool             `json:"enabled"`
	GracefulDecommissionTimeout *int             `json:"gracefulDecommissionTimeout,omitempty"` // seconds
	AutoscaleType               string           `json:"autoscaleType,omitempty"`
	Schedule                    *ScheduleConfig  `json:"scheduleBasedConfig,omitempty"`
	Load                        *LoadBasedConfig `json:"loadBasedConfig,omitempty"`
}

// ScheduleConfig is schedule-based autoscale.
type ScheduleConfig struct {
	TimeZone     string     `json:"timeZone"`
	DefaultCount int        `json:"defaultCount"`
	Schedules    []Schedule `json:"schedules"`
}

// Schedule is one window.
type Schedule struct {
	Days      []string `json:"days"`
	StartTime string   `json:"startTime"`
	EndTime   string   `json:"endTime"`
	Count     int      `json:"count"`
}

// LoadBasedConfig is stored; Flink has none (R30).
type LoadBasedConfig struct {
	MinNodes       int           `json:"minNodes"`
	MaxNodes       int           `json:"maxNodes"`
	PollInterval   *int          `json:"pollInterval,omitempty"`   // seconds
	CooldownPeriod *int          `json:"cooldownPeriod,omitempty"` // seconds
	ScalingRules   []ScalingRule `json:"scalingRules"`
}

// ScalingRule is one rule of load-based autoscale.
type ScalingRule struct {
	ActionType      string         `json:"actionType"`
	EvaluationCount int            `json:"evaluationCount"`
	ScalingMetric   string         `json:"scalingMetric"`
	ComparisonRule  ComparisonRule `json:"comparisonRule"`
}

// ComparisonRule is the condition of a rule.
type ComparisonRule struct {
	Operator  string  `json:"operator"`
	Threshold float64 `json:"threshold"`
}

// Flink is the Flink profile.
type Flink struct {
	Storage        Storage         `json:"storage"`
	NumReplicas    *int            `json:"numReplicas,omitempty"` // TaskManagers, if given (R05)
	JobManager     Resources       `json:"jobManager"`
	TaskManager    Resources       `json:"taskManager"`
	HistoryServer  *Resources      `json:"historyServer,omitempty"`
	Catalog        *CatalogOptions `json:"catalogOptions,omitempty"`
	DeploymentMode string          `json:"deploymentMode,omitempty"` // Application or Session; absent = Session
	Job            *JobSpec        `json:"jobSpec,omitempty"`
	// Configuration is the job's own Flink configuration; only our own api-version can declare it in a PUT.
	Configuration map[string]string `json:"flinkConfiguration,omitempty"`
	// PodTemplate is what the pods of the job get, where it runs in pods; only our own api-version can declare it.
	PodTemplate map[string]any `json:"podTemplate,omitempty"`
}

// Storage is the primary storage of a Flink cluster.
type Storage struct {
	URI string `json:"storageUri"`
}

// Resources bounds one process.
type Resources struct {
	CPU      float64 `json:"cpu"`
	MemoryMB int64   `json:"memory"`
}

// CatalogOptions names catalogs for Flink SQL.
type CatalogOptions struct {
	Hive *HiveCatalog `json:"hive,omitempty"`
}

// HiveCatalog is a Hive metastore's database.
type HiveCatalog struct {
	ConnectionURL      string `json:"metastoreDbConnectionURL"`
	AuthenticationMode string `json:"metastoreDbConnectionAuthenticationMode,omitempty"`
	UserName           string `json:"metastoreDbConnectionUserName,omitempty"`
	PasswordSecret     string `json:"metastoreDbConnectionPasswordSecret,omitempty"`
}

// JobSpec is the job that an application-mode cluster was declared with (R14).
type JobSpec struct {
	JarDirectory  string  `json:"jobJarDirectory"`
	JarName       string  `json:"jarName"`
	EntryClass    string  `json:"entryClass,omitempty"`
	Args          *string `json:"args,omitempty"` // nil: absent; "" is echoed as ""
	SavePointName string  `json:"savePointName,omitempty"`
	UpgradeMode   string  `json:"upgradeMode"`
}
