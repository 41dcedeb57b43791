package v20240501

// FlinkProfile is the Flink block.
type FlinkProfile struct {
	Storage        Storage         `json:"storage" arm:"required"`
	NumReplicas    *int32          `json:"numReplicas,omitempty"`
	JobManager     Resources       `json:"jobManager" arm:"required"`
	HistoryServer  *Resources      `json:"historyServer,omitempty"`
	TaskManager    Resources       `json:"taskManager" arm:"required"`
	CatalogOptions *CatalogOptions `json:"catalogOptions,omitempty"`
	DeploymentMode string          `json:"deploymentMode,omitempty"`
	JobSpec        *JobSpec        `json:"jobSpec,omitempty"`
}

// Storage is the primary storage. Its key is never stored: accounts are reached through mounts.
type Storage struct {
	StorageURI string `json:"storageUri" arm:"required"`
	StorageKey string `json:"storagekey,omitempty" arm:"ignored"`
}

// Resources bounds one process.
type Resources struct {
	CPU    float64 `json:"cpu" arm:"required"`
	Memory int64   `json:"memory" arm:"required"`
}

// CatalogOptions names catalogs.
type CatalogOptions struct {
	Hive *HiveCatalog `json:"hive,omitempty"`
}

// HiveCatalog is a metastore's database.
type HiveCatalog struct {
	ConnectionURL      string `json:"metastoreDbConnectionURL" arm:"required"`
	AuthenticationMode string `json:"metastoreDbConnectionAuthenticationMode,omitempty"`
	UserName           string `json:"metastoreDbConnectionUserName,omitempty"`
	PasswordSecret     string `json:"metastoreDbConnectionPasswordSecret,omitempty"`
}

// JobSpec is the job of an application-mode cluster.
type JobSpec struct {
	JobJarDirectory string  `json:"jobJarDirectory" arm:"required"`
	JarName         string  `json:"jarName" arm:"required"`
	EntryClass      string  `json:"entryClass,omitempty"`
	Args            *string `json:"args,omitempty"`
	SavePointName   string  `json:"savePointName,omitempty"`
	UpgradeMode     string  `json:"upgradeMode" arm:"required"`
}
