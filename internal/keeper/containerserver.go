package keeper

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// gateEvery is how often the files of a gate are looked at for one who waits for a change.
const gateEvery = 20 * time.Millisecond

// artifactTime is how long one artifact may take to come.
const artifactTime = 10 * time.Minute

// containerRoutes are the requests that only a container answers: elsewhere the server sees the files themselves.
func (k *keeper) containerRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/change", k.getChange)
	mux.HandleFunc("GET /v1/report", k.getReport)
	mux.HandleFunc("PUT /v1/artifacts/{digest}", k.putArtifact)
	mux.HandleFunc("POST /v1/dismiss", k.postDismiss)
}

// getChange is getStatus, once it differs from what the asker has seen, at the latest after the wait.
func (k *keeper) getChange(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.ParseUint(r.FormValue("wait"), 10, 16)
	if err != nil {
		refuse(w, http.StatusBadRequest, "wait")
		return
	}
	limit := time.NewTimer(min(time.Duration(seconds)*time.Second, maxLogWait))
	defer limit.Stop()
	tick := time.NewTicker(gateEvery)
	defer tick.Stop()
	for {
		s, err := k.status()
		if err != nil {
			fail(w, err)
			return
		}
		if s.Mark() != r.FormValue("seen") {
			break
		}
		var gate <-chan time.Time
		if k.in.Gate != "" && s.Gate.Gate != DoneFile && s.Gate.Gate != FailedFile || s.PID == 0 {
			gate = tick.C
		}
		ended := k.ended
		if s.Exit != nil {
			ended = nil
		}
		select {
		case <-gate:
			continue
		case <-ended:
			continue
		case <-limit.C:
		case <-r.Context().Done():
		}
		break
	}
	k.getStatus(w, r)
}

// Mark changes with everything in s that somebody could wait for.
func (s Status) Mark() string {
	s.LogEnd = 0
	text, _ := json.Marshal(s) // of plain fields: cannot fail
	return OrderDigest(text)
}

func (k *keeper) getReport(w http.ResponseWriter, _ *http.Request) {
	f, err := os.Open(filepath.Join(k.in.Gate, ReportFile))
	if k.in.Gate == "" || errors.Is(err, os.ErrNotExist) {
		refuse(w, http.StatusNotFound, "no-report")
		return
	}
	if err != nil {
		fail(w, err)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = io.Copy(w, f)
}

func (k *keeper) putArtifact(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(artifactTime))
	switch err := k.wanted.bring(r.PathValue("digest"), r.Body); {
	case errors.Is(err, errWrongDigest):
		refuse(w, http.StatusUnprocessableEntity, "digest")
	case err != nil:
		fail(w, err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// postDismiss ends the keeper of a process that has ended: all that only it knew is known.
func (k *keeper) postDismiss(w http.ResponseWriter, _ *http.Request) {
	if k.exit.Load() == nil {
		refuse(w, http.StatusConflict, "running")
		return
	}
	w.WriteHeader(http.StatusNoContent)
	k.letGo()
}
