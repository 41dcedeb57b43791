package lifecycle

import (
	"maps"
	"slices"
	"strings"

	"drey/internal/cluster"
)

// Location is a name for a target (R02).
type Location struct{ Name, DisplayName string }

// Locations lists the names that lead to a target: the targets' own, then those of Azure's regions.
func (s *Service) Locations() (all []Location) {
	for _, name := range slices.Sorted(maps.Keys(s.Targets)) {
		all = append(all, Location{Name: name, DisplayName: name})
	}
	if _, ok := s.defaultTarget(); !ok {
		return all
	}
	for _, display := range regionNames {
		all = append(all, Location{Name: cluster.NormalizeLocation(display), DisplayName: display})
	}
	return all
}

// CheckLocation refuses a location in a path that leads nowhere, in ARM's words.
func (s *Service) CheckLocation(location string) error {
	if _, ok := s.targetAt(location); ok {
		return nil
	}
	return cluster.Errorf(cluster.Invalid, "NoRegisteredProviderFound", "location",
		"No registered resource provider found for location '%s'. Known: %s.", location, strings.Join(s.locations(), ", "))
}

// AvailableVersions lists the cluster versions that can be declared at a location now (R03).
func (s *Service) AvailableVersions(location string) ([]cluster.AvailableVersion, error) {
	if err := s.CheckLocation(location); err != nil {
		return nil, err
	}
	target, _ := s.targetAt(location)
	return cluster.AvailableVersions(s.factsAt(target)), nil
}

// regionNames are the public Azure regions as they are displayed.
var regionNames = []string{
	"Australia Central", "Australia Central 2", "Australia East", "Australia Southeast", "Austria East", "Belgium Central", "Brazil South",
	"Brazil Southeast", "Canada Central", "Canada East", "Central India", "Central US", "Chile Central", "East Asia", "East US", "East US 2",
	"France Central", "France South", "Germany North", "Germany West Central", "Indonesia Central", "Israel Central", "Italy North", "Japan East",
	"Japan West", "Korea Central", "Korea South", "Malaysia West", "Mexico Central", "New Zealand North", "North Central US", "North Europe",
	"Norway East", "Norway West", "Poland Central", "Qatar Central", "South Africa North", "South Africa West", "South Central US",
	"Southeast Asia", "South India", "Spain Central", "Sweden Central", "Switzerland North", "Switzerland West", "UAE Central", "UAE North",
	"UK South", "UK West", "West Central US", "West Europe", "West India", "West US", "West US 2", "West US 3",
}

// regions are their names as they are compared: aliases of the default target.
var regions = func() (names []string) {
	for _, display := range regionNames {
		names = append(names, cluster.NormalizeLocation(display))
	}
	return names
}()
