package v20240501preview

import "drey/internal/arm/v20240501"

// Pools is the form of pools in this version: it lacks nothing.
var Pools = v20240501.PoolForm{}
