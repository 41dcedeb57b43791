package v20240501

import (
	"fmt"

	"drey/internal/arm/contract"
	"drey/internal/cluster"
)

// Upgrade is the body of an upgrade of a cluster.
type Upgrade struct {
	Properties UpgradeProperties `json:"properties" arm:"required"`
}

// UpgradeProperties say to what. An absent version stays as it is.
type UpgradeProperties struct {
	UpgradeType          string `json:"upgradeType" arm:"required"`
	TargetOSSVersion     string `json:"targetOssVersion,omitempty"`
	TargetClusterVersion string `json:"targetClusterVersion,omitempty"`
	TargetBuildNumber    string `json:"targetBuildNumber,omitempty" arm:"ignored"` // there is one build of each version
	ComponentName        string `json:"componentName,omitempty"`
}

// DecodeUpgrade reads the body of an upgrade. strict: an unknown field is a fault.
func DecodeUpgrade(body []byte, strict bool) (cluster.Upgrade, []string, error) {
	var in Upgrade
	ignored, err := contract.Decode(body, &in, contract.Options{Strict: strict})
	p := in.Properties
	return cluster.Upgrade{Type: p.UpgradeType, OSS: p.TargetOSSVersion, Cluster: p.TargetClusterVersion, Component: p.ComponentName}, ignored, err
}

// AvailableUpgrade is a version that a cluster can be upgraded to.
type AvailableUpgrade struct {
	contract.Resource
	Properties AvailableUpgradeProperties `json:"properties"`
}

// AvailableUpgradeProperties say from what to what.
type AvailableUpgradeProperties struct {
	UpgradeType string `json:"upgradeType"`
	Description string `json:"description"`
	Versions
}

// Versions are where an upgrade begins and ends.
type Versions struct {
	SourceOSSVersion     string `json:"sourceOssVersion"`
	SourceClusterVersion string `json:"sourceClusterVersion,omitempty"` // absent in a history: versions of a job do not keep it
	TargetOSSVersion     string `json:"targetOssVersion"`
	TargetClusterVersion string `json:"targetClusterVersion,omitempty"`
	ComponentName        string `json:"componentName"`
	Severity             string `json:"severity"` // low within a line of Flink, medium to another one
}

// NewAvailableUpgrade shows an upgrade of the cluster of, by its name in the original's form.
func NewAvailableUpgrade(of cluster.Ref, u cluster.AvailableUpgrade) AvailableUpgrade {
	p := AvailableUpgradeProperties{UpgradeType: cluster.UpgradePatch, Description: "Flink " + u.To.Flink + ", of the same line.", Versions: Versions{
		SourceOSSVersion: u.From.OSS, SourceClusterVersion: u.From.Cluster, TargetOSSVersion: u.To.OSS, TargetClusterVersion: u.To.Cluster,
		ComponentName: cluster.UpgradeComponent, Severity: severity(u.NewLine),
	}}
	if u.NewLine {
		p.Description = "Flink " + u.To.Flink + ", of a newer line: the state goes over in a portable savepoint, and the job's program must fit that line."
	}
	name := fmt.Sprintf("%s_%s_%s-%s", p.UpgradeType, p.ComponentName, u.To.OSS, u.To.Cluster)
	return AvailableUpgrade{named(of, "availableUpgrades", name), p}
}

// UpgradeHistory is an upgrade that was tried.
type UpgradeHistory struct {
	contract.Resource
	Properties UpgradeHistoryProperties `json:"properties"`
}

// UpgradeHistoryProperties say when, from what to what, and how it ended.
type UpgradeHistoryProperties struct {
	UpgradeType   string `json:"upgradeType"`
	UTCTime       string `json:"utcTime"` // as recorded: 05/16/2024 07:29:22 AM
	UpgradeResult string `json:"upgradeResult"`
	Versions
}

// NewUpgradeHistory shows an upgrade of the cluster of that was tried.
func NewUpgradeHistory(of cluster.Ref, u cluster.UpgradeDone) UpgradeHistory {
	kind, result := cluster.UpgradePatch, "Succeed"
	if u.Back() {
		kind += "Rollback"
	}
	if u.Failed {
		result = "Failed"
	}
	at := u.At.UTC()
	return UpgradeHistory{named(of, "upgradeHistories", at.Format("01_02_2006_03_04_05_PM")+"-"+kind), UpgradeHistoryProperties{
		UpgradeType: kind, UTCTime: at.Format("01/02/2006 03:04:05 PM"), UpgradeResult: result, Versions: Versions{
			SourceOSSVersion: u.From.Launch.OSSVersion, TargetOSSVersion: u.To.Launch.OSSVersion, ComponentName: cluster.UpgradeComponent,
			Severity: severity(cluster.Line(u.From.Flink) != cluster.Line(u.To.Flink)),
		},
	}}
}

func severity(newLine bool) string {
	if newLine {
		return "medium"
	}
	return "low"
}

func named(of cluster.Ref, collection, name string) contract.Resource {
	return contract.Resource{ID: of.ID() + "/" + collection + "/" + name, Name: name}
}
