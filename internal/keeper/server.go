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

// routes are the four requests, each behind the key.
func (k *keeper) routes() http.Handler {
	mux := http.NewServeMux()
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
	s := Status{
		Version: Version, Incarnation: k.in.Incarnation, Process: k.in.Process,
		PID: k.process.handle.Pid, StartedAt: k.process.started.UTC(), Exit: k.exit.Load(),
	}
	s.LogEnd, _ = k.output.length()
	var err error
	if s.Gate, err = ReadGate(k.in.Gate); err == nil && k.in.Gate != "" {
		var order []byte
		if order, err = ReadOrder(k.in.Gate); err == nil {
			s.OrderDigest = OrderDigest(order)
		} else if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s)
}

func (k *keeper) postRelease(w http.ResponseWriter, r *http.Request) {
	order, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOrderBytes))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "too-large")
		return
	}
	switch err := k.release(order); {
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
func (k *keeper) release(order []byte) error {
	if k.in.Gate == "" {
		return ErrNotHeld
	}
	if k.process.hasEnded() {
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
	if err := k.process.kill(); err != nil {
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

// sawRead remembers that somebody has the output up to cursor.
func (k *keeper) sawRead(cursor int64) {
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
