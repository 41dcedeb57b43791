package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// ConnectionFile is the name of the file that tells clients how to reach a server, below its data directory.
const ConnectionFile = "connection.json"

// Connection is what a client needs to know. The file is written once the server answers and removed at an orderly end.
type Connection struct {
	Endpoint       string `json:"endpoint"` // https://127.0.0.1:8443
	CAFile         string `json:"caFile"`
	CA             string `json:"ca,omitempty"` // PEM text, for who has not the file
	TokenEndpoint  string `json:"tokenEndpoint"`
	TenantID       string `json:"tenantId"`
	ClientID       string `json:"clientId"`
	ClientSecret   string `json:"clientSecret"`
	SubscriptionID string `json:"subscriptionId"`
	ResourceGroup  string `json:"resourceGroup"`
	Pool           string `json:"pool"`
}

// ReadConnection reads a connection file. A CA file that is not absolute lies beside it.
func ReadConnection(file string) (Connection, error) {
	var c Connection
	if err := readJSON(file, &c); err != nil {
		return c, fmt.Errorf("cannot read the connection: %w", err)
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return c, fmt.Errorf("%s: endpoint %q is no https URL", filepath.Base(file), c.Endpoint)
	}
	if c.CAFile != "" && !filepath.IsAbs(c.CAFile) {
		c.CAFile = filepath.Join(filepath.Dir(file), c.CAFile)
	}
	return c, nil
}

// ReadConnectionFor reads the connection of a data directory for a client elsewhere, who reaches the server at endpoint; "" is where it says itself.
func ReadConnectionFor(data, endpoint string) (Connection, error) {
	c, err := ReadConnection(filepath.Join(data, ConnectionFile))
	if err != nil {
		return c, err
	}
	ca, err := os.ReadFile(c.CAFile)
	if err != nil {
		return c, fmt.Errorf("cannot read the server's CA: %w", err)
	}
	c.CA, c.CAFile = string(ca), ""
	if endpoint == "" {
		return c, nil
	}
	if u, err := url.Parse(endpoint); err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" {
		return c, fmt.Errorf("%q is no https URL of a server, for example https://localhost:8443", endpoint)
	}
	c.TokenEndpoint, c.Endpoint = strings.Replace(c.TokenEndpoint, c.Endpoint, endpoint, 1), endpoint
	return c, nil
}

// FindConnection looks for .drey/connection.json in folder dir and those above it; "" if there is none.
func FindConnection(dir string) (string, error) {
	return above(dir, filepath.Join(".drey", ConnectionFile))
}

// FindData looks for a data directory called .drey, used by a server before, in folder dir and those above it; "" if there
// is none.
func FindData(dir string) (string, error) {
	lock, err := above(dir, filepath.Join(".drey", lockFile))
	if lock == "" {
		return "", err
	}
	return filepath.Dir(lock), nil
}

func above(dir, name string) (string, error) {
	for {
		file := filepath.Join(dir, name)
		switch _, err := os.Stat(file); {
		case err == nil:
			return file, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", nil
		}
		dir = parent
	}
}

// publish writes the connection file of data directory dir; the answered function removes it.
func publish(dir string, c Connection) (remove func() error, err error) {
	file := filepath.Join(dir, ConnectionFile)
	if err := writeJSON(file, c); err != nil {
		return nil, fmt.Errorf("cannot write the connection: %w", err)
	}
	return func() error { return os.Remove(file) }, nil
}
