package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) storageCommand() *cobra.Command {
	return a.group("storage", "Look at, put and remove files of the mounted storage accounts",
		"  drey storage ls abfs://flink@local.dfs.core.windows.net/\n  drey storage put target/orders.jar abfs://jobs@local.dfs.core.windows.net/orders.jar",
		a.storageList(), a.storageStat(), a.storagePut(), a.storageRemove())
}

// file is a file or folder of a storage account.
type file struct {
	Name  string `json:"name"`
	URI   string `json:"uri"`
	Kind  string `json:"kind"` // file or folder
	Bytes int64  `json:"bytes"`
}

func (a *app) storageList() *cobra.Command {
	return a.verb("ls URI", "List a folder", "  drey storage ls abfs://flink@local.dfs.core.windows.net/", func(ctx context.Context, s *session, args []string) error {
		pool, err := s.poolPath()
		if err != nil {
			return err
		}
		r := result{columns: []string{"NAME", "KIND", "SIZE", "+URI"}, none: "There is nothing in it."}
		list, err := all[file](ctx, s, pool+"/storage", url.Values{"uri": {args[0]}})
		if err != nil {
			return what(err, "Cannot list %s", args[0])
		}
		for _, f := range list {
			var bytes any
			if f.Kind == "file" {
				bytes = count(f.Bytes)
			}
			r.rows = append(r.rows, []any{f.Name, f.Kind, bytes, f.URI})
		}
		r.data = list
		return a.print(r)
	})
}

func (a *app) storageStat() *cobra.Command {
	return a.verb("stat URI", "Say whether a file or folder is there, and how large it is", "  drey storage stat abfs://jobs@local.dfs.core.windows.net/orders.jar",
		func(ctx context.Context, s *session, args []string) error {
			found, err := s.storage(ctx, http.MethodHead, args[0])
			if err != nil {
				return what(err, "Cannot look at %s", args[0])
			}
			f := file{Name: lastOf(strings.TrimRight(args[0], "/")), URI: args[0], Kind: found.header.Get("x-drey-kind")}
			_, _ = fmt.Sscan(found.header.Get("x-drey-bytes"), &f.Bytes) // 0 if it does not say
			return a.print(result{data: f, name: f.Name, head: f.URI, facts: []fact{{"kind", f.Kind}, {"size", count(f.Bytes)}, {"bytes", f.Bytes}}})
		})
}

func (a *app) storagePut() *cobra.Command {
	return a.verb("put FILE URI", "Put a file of this machine into a storage account; prints its sha256", "  drey storage put target/orders.jar abfs://jobs@local.dfs.core.windows.net/orders.jar",
		func(ctx context.Context, s *session, args []string) error {
			info, err := os.Stat(args[0])
			if err != nil || info.IsDir() {
				return usage("", "there is no file %s on this machine", args[0])
			}
			pool, err := s.poolPath()
			if err != nil {
				return err
			}
			raw, err := s.upload(ctx, pool, args[1], args[0])
			if err != nil {
				return what(err, "Cannot put %s", args[0])
			}
			var done struct {
				URI, SHA256 string
				Bytes       int64
			}
			if err := json.Unmarshal(raw, &done); err != nil {
				return fmt.Errorf("cannot understand the server's answer: %w", err)
			}
			return a.print(result{data: raw, name: done.URI, head: done.URI, facts: []fact{{"sha256", done.SHA256}, {"size", count(done.Bytes)}}})
		})
}

// upload puts a file of this machine into a storage account.
func (s *session) upload(ctx context.Context, pool, uri, from string) (json.RawMessage, error) {
	a, err := s.do(ctx, request{method: http.MethodPut, path: pool + "/storage", query: url.Values{"uri": {uri}}, body: fileBody(from),
		header: http.Header{"Content-Type": {"application/octet-stream"}}})
	return a.body, err
}

func (a *app) storageRemove() *cobra.Command {
	return a.verb("rm URI", "Remove a file, or a folder with all in it, that nothing of a job's past needs", "  drey storage rm abfs://jobs@local.dfs.core.windows.net/old.jar",
		func(ctx context.Context, s *session, args []string) error {
			if err := a.ask(fmt.Sprintf("Remove %s, with all that is in it?", args[0])); err != nil {
				return err
			}
			_, err := s.storage(ctx, http.MethodDelete, args[0])
			return what(err, "Cannot remove %s", args[0])
		})
}

// storage asks for a file or folder.
func (s *session) storage(ctx context.Context, method, uri string) (answer, error) {
	pool, err := s.poolPath()
	if err != nil {
		return answer{}, err
	}
	a, err := s.do(ctx, request{method: method, path: pool + "/storage", query: url.Values{"uri": {uri}}})
	if method == http.MethodHead && gone(err) {
		return a, &failure{Code: "FileNotFound", Exit: exitNotFound, Why: "there is no such file or folder"} // an answer to HEAD has no words
	}
	return a, err
}
