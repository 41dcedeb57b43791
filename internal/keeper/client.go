package keeper

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Client speaks to one keeper.
type Client struct {
	base string // "http://127.0.0.1:1234"
	key  string
	http *http.Client
}

// NewClient speaks to the keeper at base with key. The transport must not go through a proxy.
func NewClient(base, key string, transport http.RoundTripper) *Client {
	return &Client{base: base, key: key, http: &http.Client{Transport: transport}}
}

// Open speaks to the keeper of a role folder. [os.ErrNotExist]: no keeper got so far as to say where it is.
func Open(folder string, transport http.RoundTripper) (*Client, error) {
	running, err := ReadRunning(folder)
	if err != nil {
		return nil, fmt.Errorf("cannot find the keeper: %w", err)
	}
	key, err := ReadKey(folder)
	if err != nil {
		return nil, err
	}
	return NewClient("http://127.0.0.1:"+strconv.Itoa(running.Port), key, transport), nil
}

// Status asks how the process and its gate are.
func (c *Client) Status(ctx context.Context) (Status, error) { return c.status(ctx, "/v1/status") }

// Release gives the order, at most 64 KiB: [ErrReleased] if another was given before, [ErrNotHeld] if nothing is held.
func (c *Client) Release(ctx context.Context, order []byte) error {
	return c.post(ctx, "/v1/release", order)
}

// Kill sends SIGKILL to the process; that it is gone already is fine.
func (c *Client) Kill(ctx context.Context) error { return c.post(ctx, "/v1/kill", nil) }

func (c *Client) post(ctx context.Context, path string, body []byte) error {
	answer, err := c.do(ctx, http.MethodPost, path, body)
	if err != nil {
		return fmt.Errorf("cannot reach the keeper: %w", err)
	}
	return answer.Body.Close()
}

// Logs reads the output from cursor on, up to what is there now; with wait, whole seconds up to 30, it waits so long for
// the first byte. The answered cursor is where reading begins.
func (c *Client) Logs(ctx context.Context, cursor int64, wait time.Duration) (io.ReadCloser, int64, error) {
	path := "/v1/logs?cursor=" + strconv.FormatInt(cursor, 10)
	if wait > 0 {
		path += "&wait=" + strconv.FormatInt(int64(wait/time.Second), 10)
	}
	answer, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot read the keeper's logs: %w", err)
	}
	begin, err := strconv.ParseInt(answer.Header.Get(cursorHeader), 10, 64)
	if err != nil {
		answer.Body.Close()
		return nil, 0, fmt.Errorf("the keeper does not say where its logs begin: %w", err)
	}
	return answer.Body, begin, nil
}

// do sends one request, and answers with a response that is a success.
func (c *Client) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return c.send(request)
}

// Refused is an answer of the keeper that is no success.
type Refused struct {
	Status int
	Word   string
}

// Error implements [error].
func (r *Refused) Error() string { return fmt.Sprintf("it answered %d %s", r.Status, r.Word) }

func (c *Client) send(request *http.Request) (*http.Response, error) {
	request.Header.Set("Authorization", "Bearer "+c.key)
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < 300 {
		return answer, nil
	}
	defer answer.Body.Close()
	var said refusal
	_ = json.NewDecoder(io.LimitReader(answer.Body, 4<<10)).Decode(&said)
	switch {
	case answer.StatusCode == http.StatusConflict && said.Error == wordReleased:
		return nil, ErrReleased
	case answer.StatusCode == http.StatusConflict && said.Error == wordNotHeld:
		return nil, ErrNotHeld
	}
	return nil, &Refused{answer.StatusCode, said.Error}
}
