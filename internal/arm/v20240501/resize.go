package v20240501

import (
	"drey/internal/arm/contract"
	"drey/internal/lifecycle"
)

// Resize is the body of a resize.
type Resize struct {
	contract.Resource
	Location   string            `json:"location,omitempty"`
	Tags       map[string]string `json:"tags,omitempty" arm:"ignored"` // a tracked resource by its definition; a resize changes no tag
	Properties ResizeProperties  `json:"properties" arm:"required"`
}

// ResizeProperties say how many workers there shall be.
type ResizeProperties struct {
	TargetWorkerNodeCount int32 `json:"targetWorkerNodeCount" arm:"required"`
}

// DecodeResize reads the body of a resize. strict: an unknown field is a fault.
func DecodeResize(body []byte, strict bool) (lifecycle.Resize, []string, error) {
	var in Resize
	ignored, err := contract.Decode(body, &in, contract.Options{Strict: strict})
	return lifecycle.Resize{Workers: int(in.Properties.TargetWorkerNodeCount), Location: in.Location}, ignored, err
}
