package v20230601preview

import (
	"slices"

	"drey/internal/arm/v20240501"
)

// Pools is the form of pools in this version: its network is a subnet and no more.
var Pools = v20240501.PoolForm{Lacks: slices.Concat(v20240501.Pools.Lacks, []string{
	"networkProfile.outboundType", "networkProfile.enablePrivateApiServer", "networkProfile.apiServerAuthorizedIpRanges",
})}
