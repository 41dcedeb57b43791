package simulated

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"drey/internal/runtime"
)

const maxCall = 4 << 20 // bytes

// methods are what can be called.
var methods = map[string]func(ctx context.Context, r *Runtime, c call, a *reply) error{
	"claim": func(ctx context.Context, r *Runtime, c call, a *reply) (err error) {
		a.Epoch, err = r.Claim(ctx, c.Holder, c.Epoch, 0)
		return err
	},
	"prepare": func(ctx context.Context, r *Runtime, c call, _ *reply) error {
		if c.Incarnation == nil {
			return fmt.Errorf("there is no incarnation in the call")
		}
		return r.Prepare(ctx, c.Incarnation.incarnation())
	},
	"release": func(ctx context.Context, r *Runtime, c call, _ *reply) error { return r.Release(ctx, c.ID, c.Order) },
	"report": func(ctx context.Context, r *Runtime, c call, a *reply) (err error) {
		a.Bytes, err = r.Report(ctx, c.ID)
		return err
	},
	"fits": func(ctx context.Context, r *Runtime, c call, a *reply) (err error) {
		a.Fit, err = r.Fits(ctx, c.N)
		return err
	},
	"scale": func(ctx context.Context, r *Runtime, c call, _ *reply) error {
		return r.Scale(ctx, c.ID, c.Process.Role, c.Process.Index, c.N)
	},
	"kill": func(ctx context.Context, r *Runtime, c call, _ *reply) error { return r.Kill(ctx, c.ID, c.Roles...) },
	"observe": func(ctx context.Context, r *Runtime, c call, a *reply) error {
		s, err := r.Observe(ctx, c.ID)
		a.Status = []runtime.Status{s}
		return err
	},
	"list": func(ctx context.Context, r *Runtime, _ call, a *reply) (err error) {
		a.Status, err = r.List(ctx)
		return err
	},
	"exit": func(_ context.Context, r *Runtime, c call, _ *reply) error {
		return r.Exit(c.ID, c.Process, runtime.Exit{Code: int(c.N)})
	},
	"abandon": func(ctx context.Context, r *Runtime, c call, _ *reply) error { return r.Abandon(ctx, c.ID, c.Holder) },
	"forget":  func(ctx context.Context, r *Runtime, c call, _ *reply) error { return r.Forget(ctx, c.ID) },
	"logs": func(ctx context.Context, r *Runtime, c call, a *reply) error {
		logs, begin, err := r.Logs(ctx, c.ID, c.Process, c.N)
		if err != nil {
			return err
		}
		a.Begin = begin
		a.Bytes, err = io.ReadAll(logs)
		return err
	},
}

// Serve answers at a socket until ctx ends. Who can open the socket may do everything: it lies in a folder of its owner's.
func Serve(ctx context.Context, r *Runtime, folder string) error {
	path, dir, err := socketIn(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("cannot remove the socket of the one before: %w", err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("cannot listen for the server: %w", err)
	}
	server := &http.Server{Handler: r.handlers(ctx), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("the simulated target cannot go on answering: %w", err)
	case <-ctx.Done():
		return server.Close()
	}
}

// Answers waits until a target answers at the socket in folder.
func Answers(ctx context.Context, folder string) error {
	r := Dial(folder, "", func(context.Context) error { return nil })
	defer r.Close()
	for {
		if _, err := r.try(ctx, "fits", call{}); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the simulated target does not answer: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (r *Runtime) handlers(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /call/{method}", r.called)
	mux.HandleFunc("GET /watch", func(w http.ResponseWriter, request *http.Request) { r.stream(ctx, w, request) })
	mux.HandleFunc("/flink/{incarnation}/", r.forward)
	return mux
}

func (r *Runtime) called(w http.ResponseWriter, request *http.Request) {
	method := methods[request.PathValue("method")]
	if method == nil {
		http.NotFound(w, request)
		return
	}
	var c call
	if err := json.NewDecoder(http.MaxBytesReader(w, request.Body, maxCall)).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var a reply
	a.fail(method(request.Context(), r, c, &a))
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // who asked is gone
}

// stream sends the ids of what changed, one on a line; first those of all that is not dead, since who watches did not see how it came.
func (r *Runtime) stream(ctx context.Context, w http.ResponseWriter, request *http.Request) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(request.Context(), cancel)
	out := http.NewResponseController(w)
	say := func(e runtime.Event) {
		if _, err := io.WriteString(w, string(e.ID)+"\n"); err != nil || out.Flush() != nil {
			cancel()
		}
	}
	_ = out.Flush() // it begins
	_ = r.watch(ctx, say, r.undead)
}

// forward lets a JobManager answer; where none listens, the connection breaks, as it does there.
func (r *Runtime) forward(w http.ResponseWriter, request *http.Request) {
	id := request.PathValue("incarnation")
	h := r.handler(runtime.IncarnationID(id))
	if h == nil {
		panic(http.ErrAbortHandler)
	}
	http.StripPrefix("/flink/"+id, h).ServeHTTP(w, request)
}

// socketIn is the path of the socket in a folder: through a descriptor, since a socket's path may not be longer than 107 bytes.
func socketIn(folder string) (string, *os.File, error) {
	dir, err := os.Open(folder)
	if err != nil {
		return "", nil, fmt.Errorf("cannot open the folder of the simulated target: %w", err)
	}
	return strings.Join([]string{"/proc/self/fd", strconv.Itoa(int(dir.Fd())), "socket"}, "/"), dir, nil
}
