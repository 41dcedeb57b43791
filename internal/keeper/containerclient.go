package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// What only a keeper in a container answers.

// Change is [Client.Status] once its mark is not seen any more, at the latest after wait: whole seconds, up to 30.
func (c *Client) Change(ctx context.Context, seen string, wait time.Duration) (Status, error) {
	return c.status(ctx, "/v1/change?seen="+seen+"&wait="+strconv.FormatInt(int64(wait/time.Second), 10))
}

// Report reads what the gate found out, at most most bytes and one more; nil if there is none.
func (c *Client) Report(ctx context.Context, most int64) ([]byte, error) {
	answer, err := c.do(ctx, http.MethodGet, "/v1/report", nil)
	if refused := (*Refused)(nil); errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the gate's report: %w", err)
	}
	defer answer.Body.Close()
	return io.ReadAll(io.LimitReader(answer.Body, most+1))
}

// Bring sends the content of an artifact of so many bytes.
func (c *Client) Bring(ctx context.Context, digest string, content io.Reader, size int64) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, c.base+"/v1/artifacts/"+digest, content)
	if err != nil {
		return err
	}
	request.ContentLength = size
	answer, err := c.send(request)
	if err != nil {
		return fmt.Errorf("cannot bring an artifact: %w", err)
	}
	return answer.Body.Close()
}

// Dismiss lets the keeper of a process go that has ended, when all that it knew is known elsewhere.
func (c *Client) Dismiss(ctx context.Context) error { return c.post(ctx, "/v1/dismiss", nil) }

func (c *Client) status(ctx context.Context, path string) (Status, error) {
	answer, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return Status{}, fmt.Errorf("cannot ask the keeper: %w", err)
	}
	defer answer.Body.Close()
	var s Status
	if err := json.NewDecoder(answer.Body).Decode(&s); err != nil {
		return Status{}, fmt.Errorf("cannot read the keeper's answer: %w", err)
	}
	if s.Version != Version {
		return Status{}, fmt.Errorf("the keeper speaks version %d, we know %d", s.Version, Version)
	}
	return s, nil
}
