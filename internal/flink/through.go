package flink

import "net/http"

// Through puts wrap around the client's transport, so that its calls can be counted.
func (c *Client) Through(wrap func(http.RoundTripper) http.RoundTripper) *Client {
	c.http.Transport = wrap(c.http.Transport)
	return c
}
