package simulated

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"drey/internal/runtime"
)

// Remote is a simulated target in another process. It implements [runtime.Runtime].
type Remote struct {
	folder   string
	identity string
	start    func(context.Context) error
	way      *http.Transport
	http     http.Client

	mu      sync.Mutex // held while the process is started
	holder  string
	epoch   int64
	started chan struct{} // closed, and made anew, whenever it was
}

var _ runtime.Runtime = (*Remote)(nil)

// Dial makes the way to the target whose process has its socket in folder. start brings that process up, and comes back when it answers;
// it is called when something is asked that only the process knows, and again whenever it is gone. Until then claims are kept here.
func Dial(folder, identity string, start func(context.Context) error) *Remote {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		path, dir, err := socketIn(folder)
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	way := &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true}
	return &Remote{folder: folder, identity: identity, start: start, started: make(chan struct{}), way: way, http: http.Client{Transport: way}}
}

// Close lets go of the process, which lives on.
func (r *Remote) Close() { r.way.CloseIdleConnections() }

// send calls a method; a process that is not there is started first.
func (r *Remote) send(ctx context.Context, method string, c call) (reply, error) {
	a, err := r.try(ctx, method, c)
	if !notThere(err) {
		return a, err
	}
	if err := r.begin(ctx); err != nil {
		return reply{}, err
	}
	return r.try(ctx, method, c)
}

// begin starts the process and tells it who owns it.
func (r *Remote) begin(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.try(ctx, "fits", call{}); err == nil {
		return nil // another call was as late, and has started it
	}
	if err := r.start(ctx); err != nil {
		return fmt.Errorf("cannot start the simulated target: %w", err)
	}
	close(r.started)
	r.started = make(chan struct{})
	if r.epoch == 0 {
		return nil
	}
	_, err := r.try(ctx, "claim", call{Holder: r.holder, Epoch: r.epoch})
	return err
}

func (r *Remote) try(ctx context.Context, method string, c call) (a reply, err error) {
	body, err := json.Marshal(c)
	if err != nil {
		return a, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://simulated/call/"+method, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	request.Header["Idempotency-Key"] = nil // not sent, but lets a connection that the process closed be made anew: every method may be repeated
	response, err := r.http.Do(request)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return a, fmt.Errorf("the simulated target answered %s to %s", response.Status, method)
	}
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		return a, fmt.Errorf("cannot read the simulated target's answer to %s: %w", method, err)
	}
	return a, a.err()
}

// notThere says that nobody listens.
func notThere(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT)
}

// Identity implements [runtime.Runtime].
func (r *Remote) Identity(context.Context) (string, error) { return r.identity, nil }

// Claim implements [runtime.Runtime]. The journal of a process that is not there is written here: it reads it when it starts.
func (r *Remote) Claim(ctx context.Context, holder string, epoch int64, _ time.Duration) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.try(ctx, "claim", call{Holder: holder, Epoch: epoch})
	switch {
	case !notThere(err):
	case epoch == r.epoch:
		a.Epoch, err = epoch, nil
	default:
		a.Epoch, err = claimIn(r.folder, epoch)
	}
	if err == nil {
		r.holder, r.epoch = holder, epoch
	}
	return a.Epoch, err
}

// Layout implements [runtime.Runtime].
func (r *Remote) Layout(ctx context.Context, s runtime.Shape) (runtime.Layout, error) {
	return (*Runtime)(nil).Layout(ctx, s)
}

// Prepare implements [runtime.Runtime].
func (r *Remote) Prepare(ctx context.Context, inc runtime.Incarnation) error {
	_, err := r.send(ctx, "prepare", call{Incarnation: wired(inc)})
	return err
}

// Release implements [runtime.Runtime].
func (r *Remote) Release(ctx context.Context, id runtime.IncarnationID, order []byte) error {
	_, err := r.send(ctx, "release", call{ID: id, Order: order})
	return err
}

// Endpoint implements [runtime.Runtime].
func (r *Remote) Endpoint(id runtime.IncarnationID, _ int) runtime.Endpoint {
	return runtime.Endpoint{URL: "http://simulated/flink/" + string(id), Transport: r.way}
}

// Report implements [runtime.Runtime].
func (r *Remote) Report(ctx context.Context, id runtime.IncarnationID) ([]byte, error) {
	a, err := r.send(ctx, "report", call{ID: id})
	return a.Bytes, err
}

// Fits implements [runtime.Runtime].
func (r *Remote) Fits(ctx context.Context, needMB int64) (runtime.Fit, error) {
	a, err := r.send(ctx, "fits", call{N: needMB})
	return a.Fit, err
}

// Scale implements [runtime.Runtime].
func (r *Remote) Scale(ctx context.Context, id runtime.IncarnationID, role runtime.Role, n int, generation int64) error {
	_, err := r.send(ctx, "scale", call{ID: id, Process: runtime.ProcessID{Role: role, Index: n}, N: generation})
	return err
}

// Kill implements [runtime.Runtime].
func (r *Remote) Kill(ctx context.Context, id runtime.IncarnationID, roles ...runtime.Role) error {
	_, err := r.send(ctx, "kill", call{ID: id, Roles: roles})
	return err
}

// Observe implements [runtime.Runtime].
func (r *Remote) Observe(ctx context.Context, id runtime.IncarnationID) (runtime.Status, error) {
	a, err := r.send(ctx, "observe", call{ID: id})
	if err != nil {
		return runtime.Status{}, err
	}
	if len(a.Status) != 1 {
		return runtime.Status{}, errors.New("the simulated target answered without a status")
	}
	return a.Status[0], nil
}

// List implements [runtime.Runtime].
func (r *Remote) List(ctx context.Context) ([]runtime.Status, error) {
	a, err := r.send(ctx, "list", call{})
	return a.Status, err
}

// Watch implements [runtime.Runtime]. It does not start the process, but waits for it.
func (r *Remote) Watch(ctx context.Context, fn func(runtime.Event)) error {
	for ctx.Err() == nil {
		r.mu.Lock()
		started := r.started
		r.mu.Unlock()
		r.watchOnce(ctx, fn)
		select {
		case <-ctx.Done():
		case <-started:
		case <-time.After(time.Second): // it is not there, or not any more
		}
	}
	return ctx.Err()
}

func (r *Remote) watchOnce(ctx context.Context, fn func(runtime.Event)) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://simulated/watch", nil)
	if err != nil {
		return
	}
	response, err := r.http.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		fn(runtime.Event{ID: runtime.IncarnationID(lines.Text())})
	}
}

// Abandon implements [runtime.Runtime].
func (r *Remote) Abandon(ctx context.Context, id runtime.IncarnationID, who string) error {
	_, err := r.send(ctx, "abandon", call{ID: id, Holder: who})
	return err
}

// Forget implements [runtime.Runtime].
func (r *Remote) Forget(ctx context.Context, id runtime.IncarnationID) error {
	_, err := r.send(ctx, "forget", call{ID: id})
	return err
}

// Logs implements [runtime.Runtime].
func (r *Remote) Logs(ctx context.Context, id runtime.IncarnationID, p runtime.ProcessID, cursor int64) (io.ReadCloser, int64, error) {
	a, err := r.send(ctx, "logs", call{ID: id, Process: p, N: cursor})
	if err != nil {
		return nil, 0, err
	}
	return io.NopCloser(bytes.NewReader(a.Bytes)), a.Begin, nil
}
