//go:build !failpoints

package engine

import "context"

func (Point) hit() {}

func (Point) onSent(ctx context.Context) context.Context { return ctx }
