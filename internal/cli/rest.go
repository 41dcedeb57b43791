package cli

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// restCommand sends one request with the token and api-version.
func (a *app) restCommand() *cobra.Command {
	var body string
	c := a.verb("rest METHOD PATH", "Send one request to the API", `  drey rest GET {pool}/clusters
  drey rest GET /about
  drey rest POST {pool}/clusters/orders/runJob --body '{"properties":{"jobType":"FlinkJob","action":"SAVEPOINT"}}'
  drey rest PUT {pool}/clusters/orders --body @cluster.json`,
		func(ctx context.Context, s *session, args []string) error {
			r := request{method: strings.ToUpper(args[0]), path: args[1]}
			return what(s.rest(ctx, r, body), "%s %s", r.method, args[1])
		})
	c.Long = "Sends one request with the token, the api-version and a request id, waits for a long operation, and prints the answer.\nPATH may begin with {pool}, which stands for the pool's id."
	c.Flags().StringVar(&body, "body", "", "the body: JSON, `@file`, or - for standard input")
	return c
}

func (s *session) rest(ctx context.Context, r request, body string) (err error) {
	if rest, ok := strings.CutPrefix(r.path, "{pool}"); ok {
		pool, err := s.poolPath()
		if err != nil {
			return err
		}
		r.path = pool + rest
	}
	if r.body, err = s.bodyOf(body); err != nil {
		return err
	}
	if r.body != nil {
		r.header = http.Header{"Content-Type": {"application/json"}}
	}
	answer, err := s.do(ctx, r)
	if err != nil {
		return err
	}
	if len(answer.body) > 0 && string(answer.body) != "null" {
		if err := s.answered(answer.body); err != nil {
			return err
		}
	}
	if answer.header.Get("Azure-AsyncOperation") == "" || r.method == http.MethodGet {
		return nil
	}
	op, err := s.startedBy(r, answer)
	if err != nil {
		return err
	}
	return s.finish(ctx, op)
}

func (a *app) bodyOf(text string) (func() (io.ReadCloser, int64, error), error) {
	switch {
	case text == "":
		return nil, nil
	case text == "-":
		all, err := io.ReadAll(io.LimitReader(a.in, 1<<20))
		return bytesBody(all), err
	case strings.HasPrefix(text, "@"):
		if _, err := os.Stat(text[1:]); err != nil {
			return nil, usage("", "there is no file %s", text[1:])
		}
		return fileBody(text[1:]), nil
	}
	return bytesBody([]byte(text)), nil
}

// answered prints an answer: JSON in the form that is asked for, and for people as it is.
func (s *session) answered(body []byte) error {
	switch {
	case !json.Valid(body):
		_, err := s.out.Write(body)
		return err
	case s.flags.query == "" && (s.form() == outTable || s.form() == outWide):
		return s.asJSON(json.RawMessage(body))
	case s.flags.query == "" && (s.form() == outTSV || s.form() == outName):
		found, err := query(json.RawMessage(body), "@")
		if err != nil {
			return err
		}
		return s.print(tabular(found))
	}
	return s.printJSON(json.RawMessage(body))
}
