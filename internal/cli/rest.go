package cli

import (
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
	c := &cobra.Command{
		Use: "rest METHOD PATH", Short: "Send one request to the API", Args: exactly("METHOD", "PATH"),
		Long: "Sends one request with the token, the api-version and a request id, waits for a long operation, and prints the answer.\nPATH may begin with {pool}, which stands for the pool's id.",
		Example: `  drey rest GET {pool}/clusters
  drey rest GET /about
  drey rest POST {pool}/clusters/orders/runJob --body '{"properties":{"jobType":"FlinkJob","action":"SAVEPOINT"}}'
  drey rest PUT {pool}/clusters/orders --body @cluster.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.connect()
			if err != nil {
				return err
			}
			r := request{method: strings.ToUpper(args[0]), path: args[1]}
			if rest, ok := strings.CutPrefix(r.path, "{pool}"); ok {
				pool, err := s.poolPath()
				if err != nil {
					return err
				}
				r.path = pool + rest
			}
			if r.body, err = a.bodyOf(body); err != nil {
				return err
			}
			if r.body != nil {
				r.header = http.Header{"Content-Type": {"application/json"}}
			}
			answer, err := s.do(cmd.Context(), r)
			if err != nil {
				return what(err, "%s %s", r.method, args[1])
			}
			if len(answer.body) > 0 && string(answer.body) != "null" {
				if err := a.raw(answer.body); err != nil {
					return err
				}
			}
			if answer.header.Get("Azure-AsyncOperation") == "" || r.method == http.MethodGet {
				return nil
			}
			op, err := s.startedBy(answer)
			if err != nil {
				return err
			}
			return what(s.finish(cmd.Context(), op), "%s %s", r.method, args[1])
		},
	}
	c.Flags().StringVar(&body, "body", "", "the body: JSON, `@file`, or - for standard input")
	return c
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

// raw prints an answer: indented if it is JSON.
func (a *app) raw(body []byte) error {
	if json.Valid(body) {
		return a.printJSON(json.RawMessage(body))
	}
	_, err := a.out.Write(body)
	return err
}
