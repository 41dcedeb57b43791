package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"drey/internal/daemon"
)

// connection is how to reach the server: by --connection, the context named by --context, DREY_CONNECTION, DREY_SERVER, the
// current context, or the connection file of this folder.
func (a *app) connection() (daemon.Connection, error) {
	if _, known := a.settings.Contexts[a.context]; !known && a.context != "" {
		return daemon.Connection{}, noContext(a.context)
	}
	conn, err := a.server()
	if err != nil {
		return conn, err
	}
	conn.SubscriptionID = first(a.named("subscription"), conn.SubscriptionID)
	conn.ResourceGroup = first(a.named("group"), conn.ResourceGroup)
	conn.Pool = first(a.named("pool"), conn.Pool)
	return conn, nil
}

func (a *app) server() (daemon.Connection, error) {
	file, chosen := os.Getenv("DREY_CONNECTION"), a.flags.context != ""
	switch url := os.Getenv("DREY_SERVER"); {
	case a.flags.connection != "":
		return readConnection(a.flags.connection)
	case chosen && a.place.leads():
		return a.contexts()
	case file != "":
		return readConnection(file)
	case url != "":
		return place{Server: url, CA: os.Getenv("DREY_CA")}.connection()
	case a.place.leads():
		return a.contexts()
	}
	file, err := daemon.FindConnection(a.dir)
	if err != nil {
		return daemon.Connection{}, err
	}
	if file == "" {
		return daemon.Connection{}, &failure{Code: "NoConnection", Exit: exitUnavailable,
			Why:  "no server is known here: there is no .drey/connection.json in this folder or above it",
			Hint: "start one with `drey serve --dev`, or name a file with --connection or DREY_CONNECTION, or a context with --context"}
	}
	return readConnection(file)
}

// contexts is the connection of the context in use; what is wrong with it says that it was chosen there, and not in this folder.
func (a *app) contexts() (daemon.Connection, error) {
	conn, err := a.place.connection()
	if f := (*failure)(nil); errors.As(err, &f) && f.Code == "NoConnection" {
		f.Why = fmt.Sprintf("context %q: %s", a.context, f.Why)
		f.Hint += "; `drey context use NAME` or --context chooses another context, --connection .drey/connection.json the server of this folder"
	}
	return conn, err
}

// leads reports whether the context says where a server is.
func (p place) leads() bool { return p.Connection != "" || p.Server != "" }

func (p place) connection() (daemon.Connection, error) {
	if p.Connection != "" {
		return readConnection(p.Connection)
	}
	if !strings.HasPrefix(p.Server, "https://") {
		return daemon.Connection{}, usage("for example https://flink.example:8443", "the server %q is no https URL", p.Server)
	}
	return daemon.Connection{Endpoint: strings.TrimRight(p.Server, "/"), CAFile: p.CA}, nil
}

func readConnection(file string) (daemon.Connection, error) {
	conn, err := daemon.ReadConnection(file)
	if err != nil {
		return conn, &failure{Code: "NoConnection", Exit: exitUnavailable, Why: err.Error(), Err: err,
			Hint: "the file is there while a server runs: `drey serve` writes it"}
	}
	return conn, nil
}

// session is a client with the place its commands are about.
type session struct {
	*app
	*client
}

// connect makes the session of a command.
func (a *app) connect() (*session, error) {
	conn, err := a.connection()
	if err != nil {
		return nil, err
	}
	c, err := newClient(conn, a.flags.clientToken)
	if err != nil {
		return nil, &failure{Code: "NoConnection", Exit: exitUnavailable, Why: err.Error(), Err: err}
	}
	if a.flags.debug {
		c.http.Transport = trace{c.http.Transport, a.err}
	}
	return &session{a, c}, nil
}

// resume is a command line that goes on where this one stopped, with the flags that lead to the same place.
func (a *app) resume(command ...string) string {
	words := append([]string{"drey"}, command...)
	for _, f := range [][2]string{{"--context", a.flags.context}, {"--connection", a.flags.connection}, {"-g", a.flags.group}, {"-p", a.flags.pool},
		{"--subscription", a.flags.subscription}} {
		if f[1] != "" {
			words = append(words, f[0], f[1])
		}
	}
	return strings.Join(words, " ")
}
