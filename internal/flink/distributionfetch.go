package flink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// mostDownloaded bounds an archive, in bytes; a release has about 600 MB.
const mostDownloaded = 2 << 30

// isURL says that a source is no file of this machine. Anything with a scheme is: it is told apart later.
func isURL(from string) bool { return strings.Contains(from, "://") }

// fetch downloads the archive and answers its file and its name. Without the right digest there is no file.
func (i *installer) fetch(ctx context.Context) (file, name string, err error) {
	u, err := url.Parse(i.From)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return "", "", errors.New("--from takes https:// URLs and no others")
	}
	if name = path.Base(u.Path); !isArchive(name) {
		return "", "", fmt.Errorf("the URL's %s is no .tgz, .zip or .whl", name)
	}
	c := i.client()
	if i.SHA256 == "" && i.SHA512 == "" {
		if i.SHA512, err = publishedSum(ctx, c, *u); err != nil {
			return "", "", fmt.Errorf("the digest of %s is not known: %s.sha512 cannot be had (%w); give --sha512 or --sha256", name, name, err)
		}
		i.say("its SHA-512 by " + name + ".sha512 beside it: " + i.SHA512)
	}
	file = filepath.Join(i.tmp, name)
	if err := download(ctx, c, *u, file, mostDownloaded, i.Progress); err != nil {
		return "", "", fmt.Errorf("cannot download %s from %s: %w", name, u.Host, err)
	}
	return file, name, i.checkFile(file)
}

// client follows redirects to https only, and uses the proxy of the environment.
func (i *installer) client() *http.Client {
	transport := i.Transport
	if transport == nil {
		standard := http.DefaultTransport.(*http.Transport).Clone() // it is one, unless a program replaces it
		standard.ResponseHeaderTimeout = 30 * time.Second
		transport = standard
	}
	return &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme != "https" {
			return errors.New("it redirects to something else than https")
		}
		if len(via) >= 10 {
			return errors.New("it redirects without end")
		}
		return nil
	}}
}

// publishedSum reads <u>.sha512, in which the digest is the first word.
func publishedSum(ctx context.Context, c *http.Client, u url.URL) (string, error) {
	u.Path, u.RawPath = u.Path+".sha512", ""
	answer, err := get(ctx, c, u)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return "", err
	}
	words := strings.Fields(string(text))
	if len(words) == 0 || len(words[0]) != 128 {
		return "", errors.New("it has no SHA-512 in it")
	}
	return words[0], nil
}

func download(ctx context.Context, c *http.Client, u url.URL, to string, most int64, progress func(Progress)) error {
	answer, err := get(ctx, c, u)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.ContentLength > most {
		return fmt.Errorf("it has %d bytes, more than the %d that are allowed", answer.ContentLength, most)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	told := Progress{Text: "downloading " + path.Base(u.Path), Total: max(answer.ContentLength, 0)}
	progress(told)
	body := counted{answer.Body, func(n int) { told.Done += int64(n); progress(told) }}
	n, err := io.Copy(f, io.LimitReader(body, most+1))
	if err == nil && n > most {
		err = fmt.Errorf("it has more than the %d bytes that are allowed", most)
	}
	return errors.Join(err, f.Close())
}

// get asks for the bytes as they are: some servers call a .tgz an encoding of its own.
func get(ctx context.Context, c *http.Client, u url.URL) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Encoding", "identity")
	answer, err := c.Do(r)
	if e, ok := errors.AsType[*url.Error](err); ok {
		return nil, e.Err // without the URL, which may carry a secret
	}
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("the server answers %s", answer.Status)
	}
	return answer, nil
}

// counted tells how many bytes each read brought.
type counted struct {
	io.Reader
	tell func(n int)
}

// Read implements [io.Reader].
func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.tell(n)
	return n, err
}
