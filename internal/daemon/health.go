package daemon

import (
	"context"
	"fmt"
	"time"
)

const healthTime = 2 * time.Second

// ready says why this server cannot do what it is asked for, in words that anybody may read; nothing if it can.
func (p parts) ready(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	state, err := p.service.State(ctx)
	if err != nil {
		return []string{"the database does not answer"}
	}
	var troubles []string
	for _, t := range state.Targets {
		if !t.Owned && !t.Elsewhere {
			troubles = append(troubles, fmt.Sprintf("target %s: this server may not act on it now: its claim could not be renewed, or it belongs to another machine or data directory", t.Name))
		}
	}
	return troubles
}
