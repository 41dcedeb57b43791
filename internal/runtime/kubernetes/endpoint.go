package kubernetes

import (
	"context"
	"fmt"
	"net"

	"drey/internal/runtime"
)

// Endpoint implements [runtime.Runtime]: a connection goes to the pod that has the gate. All endpoints share their transport, which
// knows an incarnation by its id in the URL: a connection to it waits for whoever asks next, since a handshake costs a JobManager 30 ms.
func (r *Runtime) Endpoint(id runtime.IncarnationID, port int) runtime.Endpoint {
	return runtime.Endpoint{URL: fmt.Sprintf("https://%s:%d", id, port), Transport: r.gates}
}

// connect is the gates' dialer. An incarnation that was prepared without TLS is spoken to plainly.
func (r *Runtime) connect(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	id := runtime.IncarnationID(host)
	c, err := r.reach(ctx, network, id, port)
	if err != nil {
		return nil, fmt.Errorf("cannot reach the JobManager of incarnation %s: %w", id, err)
	}
	return c, nil
}

func (r *Runtime) reach(ctx context.Context, network string, id runtime.IncarnationID, port string) (net.Conn, error) {
	at, rec, err := r.gated(ctx, id)
	if err != nil {
		return nil, err
	}
	plain, err := r.config.Dial(ctx, network, net.JoinHostPort(at.ip, port))
	if err != nil || !rec.TLS {
		return plain, err
	}
	identity, err := identityOf(id, r.keepers.keyOf(id))
	if err != nil {
		plain.Close()
		return nil, err
	}
	return secured(ctx, plain, known(identity))
}
