package flink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxAnswer   = 8 << 20          // bytes of one answer
	callTimeout = 10 * time.Second // of a call whose context has no deadline
)

// Client talks to one JobManager. The JobManager runs a user's code and is not trusted: its answers are limited, its strings
// cleaned and clipped, its redirects not followed. A Client is safe for concurrent use and holds nothing to close.
type Client struct {
	base string
	http http.Client
}

// ownTransport is used when no other is given. No proxy: a JobManager is never behind the machine's HTTP proxy.
var ownTransport = &http.Transport{
	MaxIdleConnsPerHost: 2,
	IdleConnTimeout:     30 * time.Second,
	DisableCompression:  true,
}

// New makes a client for the JobManager whose REST interface is at base, for example "http://127.0.0.1:20001".
// A nil transport means a plain one.
func New(base string, transport http.RoundTripper) *Client {
	if transport == nil {
		transport = ownTransport
	}
	return &Client{
		base: strings.TrimRight(base, "/"),
		http: http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// get reads path into answer.
func (c *Client) get(ctx context.Context, answer any, path ...string) error {
	return c.call(ctx, http.MethodGet, join(path), nil, answer)
}

// call sends one request and decodes its answer; body and answer may be nil. path is escaped already.
func (c *Client) call(ctx context.Context, method, path string, body, answer any) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callTimeout)
		defer cancel()
	}
	data, err := c.send(ctx, method, path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer == nil {
		return nil
	}
	if err := decode(data, answer); err != nil {
		return fmt.Errorf("%s %s: cannot read the JobManager's answer: %w", method, path, err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, body any) ([]byte, error) {
	request, err := c.request(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if len(data) > maxAnswer {
		return nil, fmt.Errorf("the JobManager's answer is larger than %d MiB", maxAnswer>>20)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, statusError(response.StatusCode, data)
	}
	return data, nil
}

func (c *Client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// unreachable tells a caller that went away from a JobManager that does not answer.
func unreachable(ctx context.Context, err error) error {
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err // the URL is in the message already
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

func statusError(code int, data []byte) error {
	var answer struct {
		Errors []string `json:"errors"`
	}
	result := &StatusError{Code: code}
	_ = decode(data, &answer) // a page that is no JSON: the status says enough
	for _, message := range answer.Errors {
		if len(result.Messages) == 8 {
			break
		}
		result.Messages = append(result.Messages, clip(message, maxStack))
	}
	return result
}

// decode is lenient: unknown fields are ignored, and a field of a wrong type is left at its zero value, because what Flink
// answers differs a little from line to line. Callers check what they cannot do without.
func decode(data []byte, answer any) error {
	err := json.Unmarshal(data, answer)
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) && wrongType.Field != "" {
		return nil
	}
	return err
}

// join makes an escaped path of its parts.
func join(parts []string) string {
	var path strings.Builder
	for _, part := range parts {
		path.WriteByte('/')
		path.WriteString(url.PathEscape(part))
	}
	return path.String()
}
