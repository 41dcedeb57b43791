package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"drey/internal/telemetry"
)

// stopTime is how long requests may go on once the server was asked to end.
const stopTime = 5 * time.Second

// Run is the server's life: it claims its data directory, answers until ctx ends, and stops in order. Running jobs are never
// disturbed: the next server finds them. ready is told how to connect once the server answers.
func Run(ctx context.Context, c Config, log *slog.Logger, ready func(Connection)) (err error) {
	if err := makeDir(c.Data); err != nil {
		return err
	}
	lock, err := TakeLock(c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	listener, err := listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	own, err := certificates(c.Data, c.TLS.Names, time.Now())
	if err != nil {
		return err
	}
	secured, err := c.TLS.config(own)
	if err != nil {
		return err
	}
	p, err := build(ctx, c, log)
	if err != nil {
		return err
	}
	defer p.close(log)
	if err := p.service.Claim(ctx); err != nil {
		return err
	}
	debug, err := openDebug(ctx, c, p.metrics, log)
	if err != nil {
		return err
	}
	return serve(ctx, c, p, listener, debug, secured, log, ready)
}

func serve(ctx context.Context, c Config, p parts, listener net.Listener, debug *debugServer, secured *tls.Config, log *slog.Logger, ready func(Connection)) error {
	server := c.HTTP.server(p.front, secured, log)
	g, work := errgroup.WithContext(ctx)
	g.Go(func() error { return p.service.Run(work) })
	if p.archives != nil {
		g.Go(func() error { p.archives.run(work); return nil })
	}
	if debug != nil {
		g.Go(func() error { return debug.run(work) })
	}
	g.Go(func() error {
		if err := server.ServeTLS(c.HTTP.bound(listener, p.metrics), "", ""); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("the server cannot go on answering: %w", err)
		}
		return nil
	})
	conn := connectionOf(c, p.names, listener.Addr())
	remove, err := publish(c.Data, conn)
	if err != nil {
		return err
	}
	ready(conn)
	log.InfoContext(ctx, "server answers", "endpoint", conn.Endpoint, "version", Version())
	<-work.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err = remove()
	if e := server.Shutdown(stopping); e != nil {
		_ = server.Close() // streams that go on for ever are cut off
	}
	err = errors.Join(g.Wait(), err)
	log.InfoContext(stopping, "server ends; jobs run on")
	return err
}

func connectionOf(c Config, n Names, at net.Addr) Connection {
	endpoint := "https://" + at.String()
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		endpoint = fmt.Sprintf("https://%s:%d", loopbackName, tcp.Port)
	}
	conn := Connection{
		Endpoint: endpoint, CAFile: CAFile(c.Data), TokenEndpoint: endpoint + "/" + n.TenantID + "/oauth2/v2.0/token", TenantID: n.TenantID,
		ClientID: n.ClientID, ClientSecret: n.ClientSecret, SubscriptionID: n.SubscriptionID,
	}
	if c.Dev {
		conn.ResourceGroup, conn.Pool = devGroup, c.place()
	}
	return conn
}

// NewLog makes the server's log on stderr.
func NewLog(c Log, terminal bool) (*slog.Logger, error) {
	format := c.Format
	switch {
	case format == "" && terminal:
		format = "text"
	case format == "":
		format = "json"
	}
	return telemetry.NewLog(os.Stderr, c.Level, format)
}
