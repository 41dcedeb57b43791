package keeper

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	maxOrderBytes = 64 << 10
	maxLogWait    = 30 * time.Second
	cursorHeader  = "Drey-Cursor"
)

// Status is the answer of GET /v1/status.
type Status struct {
	Version     int       `json:"version"`
	Incarnation string    `json:"incarnation"`
	Process     string    `json:"process"`
	PID         int       `json:"pid"`
	StartedAt   time.Time `json:"startedAt"`
	Exit        *Exit     `json:"exit"` // nil while it runs
	Gate        Gate      `json:"gate"`
	OrderDigest string    `json:"orderDigest"` // "" if it was never released
	LogEnd      int64     `json:"logEnd"`      // offset of the next byte of output
	LogStart    int64     `json:"logStart"`    // offset of its first
	// Missing are the digests of the artifacts that a container still waits for before it starts its process.
	Missing []string `json:"missing,omitempty"`
}

// refusal is the body of an answer that is no success.
type refusal struct {
	Error string `json:"error"`
}

// The words of a 409.
const (
	wordReleased = "released"
	wordNotHeld  = "not-held"
)

// routes are the requests, each behind the key.
func (k *keeper) routes() http.Handler {
	mux := http.NewServeMux()
	if k.wanted != nil {
		k.containerRoutes(mux)
	}
	var releasing sync.Mutex
	mux.HandleFunc("GET /v1/status", k.getStatus)
	mux.HandleFunc("POST /v1/release", func(w http.ResponseWriter, r *http.Request) {
		releasing.Lock()
		defer releasing.Unlock()
		k.postRelease(w, r)
	})
	mux.HandleFunc("POST /v1/kill", k.postKill)
	mux.HandleFunc("GET /v1/logs", k.getLogs)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+k.key)) != 1 {
			refuse(w, http.StatusUnauthorized, "unauthorized")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (k *keeper) getStatus(w http.ResponseWriter, _ *http.Request) {
	s, err := k.status()
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s)
}

// status is what is to be said now.
func (k *keeper) status() (Status, error) {
	s := Status{
		Version: Version, Incarnation: k.in.Incarnation, Process: k.in.Process,
		Exit: k.exit.Load(), Missing: k.wanted.missing(), LogStart: k.output.start,
	}
	if p := k.running(); p != nil {
		s.PID, s.StartedAt = p.handle.Pid, p.started.UTC()
	}
	s.LogEnd, _ = k.output.length()
	if k.in.Gate == "" {
		return s, nil
	}
	var err error
	if s.Gate, err = ReadGate(k.in.Gate); err != nil {
		return s, err
	}
	order, err := ReadOrder(k.in.Gate)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	s.OrderDigest = OrderDigest(order)
	return s, err
}

// running is the process; nil before it is started.
func (k *keeper) running() *process {
	select {
	case <-k.started:
		return k.process
	default:
		return nil
	}
}

// held is the process that may be held; nil if there is none. A gate may say that it is ready before it is written down that its process
// was started: that is waited for.
func (k *keeper) held(ctx context.Context) *process {
	if k.in.Gate == "" {
		return nil
	}
	if p := k.running(); p != nil {
		return p
	}
	if g, err := ReadGate(k.in.Gate); err != nil || g.Gate != ReadyFile {
		return nil
	}
	select {
	case <-k.started:
		return k.process
	case <-ctx.Done():
		return nil
	}
}

func (k *keeper) postRelease(w http.ResponseWriter, r *http.Request) {
	order, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOrderBytes))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "too-large")
		return
	}
	switch err := k.release(r.Context(), order); {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, ErrReleased):
		refuse(w, http.StatusConflict, wordReleased)
	case errors.Is(err, ErrNotHeld):
		refuse(w, http.StatusConflict, wordNotHeld)
	default:
		fail(w, err)
	}
}

// release gives the order to the gate. A process that has ended holds nothing, but its order may be asked for again.
func (k *keeper) release(ctx context.Context, order []byte) error {
	p := k.held(ctx)
	if p == nil {
		return ErrNotHeld
	}
	if p.hasEnded() {
		if given, err := CompareOrder(k.in.Gate, order); given || err != nil {
			return err
		}
		return ErrNotHeld
	}
	if err := giveOrder(k.in.Gate, order); err != nil {
		return err
	}
	go func() { // while the job starts: it has done nothing yet that outlives a power cut
		if err := syncOrder(k.in.Gate); err != nil {
			fmt.Fprintln(os.Stderr, "cannot sync the order:", err)
		}
	}()
	return nil
}

func (k *keeper) postKill(w http.ResponseWriter, _ *http.Request) {
	p := k.running()
	if p == nil {
		k.wanted.giveUp()
	} else if err := p.kill(); err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// getLogs answers the output from a cursor on. Reading to the end of an ended process's output lets the keeper go.
func (k *keeper) getLogs(w http.ResponseWriter, r *http.Request) {
	cursor, err := strconv.ParseInt(r.FormValue("cursor"), 10, 64)
	if err != nil || cursor < 0 {
		refuse(w, http.StatusBadRequest, "cursor")
		return
	}
	if wait := r.FormValue("wait"); wait != "" {
		seconds, err := strconv.ParseUint(wait, 10, 16)
		if err != nil {
			refuse(w, http.StatusBadRequest, "wait")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), min(time.Duration(seconds)*time.Second, maxLogWait))
		defer cancel()
		k.output.waitPast(ctx, cursor, k.ended)
	}
	logs, begin, err := OpenLogs(k.output.folder, cursor)
	if err != nil {
		fail(w, err)
		return
	}
	defer logs.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set(cursorHeader, strconv.FormatInt(begin, 10))
	n, err := io.Copy(w, logs)
	if err == nil {
		k.sawRead(begin + n)
	}
}

// sawRead remembers that somebody has the output up to cursor. In a container more than the output would be lost, so there it
// takes a word of its own.
func (k *keeper) sawRead(cursor int64) {
	if k.wanted != nil {
		return
	}
	if end, _ := k.output.length(); cursor >= end && k.exit.Load() != nil {
		select {
		case k.read <- struct{}{}:
		default:
		}
	}
}

func refuse(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(refusal{word})
}

// fail says that it is the keeper's fault; the cause goes to its own log.
func fail(w http.ResponseWriter, err error) {
	fmt.Fprintln(os.Stderr, err)
	refuse(w, http.StatusInternalServerError, "failed")
}
