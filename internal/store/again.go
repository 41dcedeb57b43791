package store

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"
)

// How long a change is repeated that others are in the way of, or whose database is away: a restart of it is not seen by callers.
const (
	repeatFirst = 5 * time.Millisecond
	repeatMost  = 250 * time.Millisecond
	repeatFor   = 5 * time.Second
)

// repeated calls fn until its cause is no reason to repeat it. A unique violation is a reason once: where fn looks before it writes, it now
// sees what was in its way, and else it meets it again.
func (s *Store) repeated(ctx context.Context, fn func() (cause, err error)) error {
	if s.dialect.repeats == nil {
		_, err := fn()
		return err
	}
	existed := false
	backoff := retry.WithMaxDuration(repeatFor, retry.WithJitterPercent(30, retry.WithCappedDuration(repeatMost, retry.NewExponential(repeatFirst))))
	return retry.Do(ctx, backoff, func(context.Context) error {
		cause, err := fn()
		switch {
		case errors.Is(cause, ErrExists) && !existed:
			existed = true
			return retry.RetryableError(err)
		case s.dialect.repeats(cause):
			return retry.RetryableError(err)
		}
		return err
	})
}
