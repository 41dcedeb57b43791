package kubernetes

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// thing is an object of the API, as JSON.
type thing = map[string]any

// apiServer is as much of the Kubernetes API as the runtime uses, so that its own logic is tested in seconds: versions,
// conflicts, finalizers, selectors, watches. What a real one does is tested in test/kuberuntime.
type apiServer struct {
	http *httptest.Server
	mu   sync.Mutex
	all  map[string]thing // by path
	log  []logged         // every change, in order
	more chan struct{}    // closed when the log has grown
	made func(path string, pod thing)
}

type logged struct {
	kind, path string
	object     thing
}

func newAPI(t *testing.T) *apiServer {
	s := &apiServer{all: map[string]thing{}, more: make(chan struct{})}
	for _, n := range []string{"kube-system", "flink"} {
		s.put("ADDED", "/api/v1/namespaces/"+n, thing{"metadata": thing{"name": n, "uid": "uid-of-" + n}})
	}
	s.http = httptest.NewServer(s)
	t.Cleanup(s.http.Close)
	return s
}

// put stores an object under a new version. It is called with the lock held, but at first.
func (s *apiServer) put(kind, path string, o thing) thing {
	o = clone(o)
	m := o["metadata"].(thing)
	m["resourceVersion"] = strconv.Itoa(len(s.log) + 1)
	if m["uid"] == nil {
		m["uid"] = fmt.Sprintf("00000000-0000-0000-0000-%012d", len(s.log)+1)
	}
	if kind == "DELETED" {
		delete(s.all, path)
	} else {
		s.all[path] = o
	}
	s.log = append(s.log, logged{kind, path, o})
	close(s.more)
	s.more = make(chan struct{})
	return o
}

func clone(o thing) thing {
	text, _ := json.Marshal(o)
	var out thing
	_ = json.Unmarshal(text, &out)
	return out
}

// ServeHTTP implements [http.Handler].
func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if r.Method == http.MethodGet && r.FormValue("watch") != "" {
		s.watch(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var body thing
	_ = json.NewDecoder(r.Body).Decode(&body)
	old := s.all[path]
	switch {
	case r.Method == http.MethodPost:
		path += "/" + body["metadata"].(thing)["name"].(string)
		if s.all[path] != nil {
			refuse(w, http.StatusConflict, "AlreadyExists")
			return
		}
		if strings.Contains(path, "/services/") {
			body["spec"].(thing)["clusterIP"] = "10.96.0.7"
		}
		answer(w, http.StatusCreated, s.put("ADDED", path, body))
		if strings.Contains(path, "/pods/") {
			s.made(path, clone(s.all[path]))
		}
	case r.Method == http.MethodGet && old == nil && isList(path):
		var items []thing
		for _, key := range slices.Sorted(maps.Keys(s.all)) {
			if strings.HasPrefix(key, path+"/") && selects(r.FormValue("labelSelector"), s.all[key]) {
				items = append(items, s.all[key])
			}
		}
		answer(w, http.StatusOK, thing{"metadata": thing{"resourceVersion": strconv.Itoa(len(s.log))}, "items": items})
	case old == nil:
		refuse(w, http.StatusNotFound, "NotFound")
	case r.Method == http.MethodGet:
		answer(w, http.StatusOK, old)
	case r.Method == http.MethodPut, r.Method == http.MethodPatch:
		m := body["metadata"].(thing)
		if v := m["resourceVersion"]; v != nil && v != old["metadata"].(thing)["resourceVersion"] {
			refuse(w, http.StatusConflict, "Conflict")
			return
		}
		if r.Method == http.MethodPatch { // only of finalizers
			body = clone(old)
			body["metadata"].(thing)["finalizers"] = m["finalizers"]
		} else {
			m["uid"] = old["metadata"].(thing)["uid"]
		}
		answer(w, http.StatusOK, s.put("MODIFIED", path, body))
		s.collect(path)
	case r.Method == http.MethodDelete:
		if !strings.Contains(path, "/pods/") {
			s.put("DELETED", path, old)
		} else if o := clone(old); o["metadata"].(thing)["deletionTimestamp"] == nil {
			o["metadata"].(thing)["deletionTimestamp"] = time.Now().UTC().Format(time.RFC3339)
			s.put("MODIFIED", path, o)
			s.collect(path)
		}
		answer(w, http.StatusOK, thing{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	}
}

// collect removes what is to be deleted and held by nobody.
func (s *apiServer) collect(path string) {
	m := s.all[path]["metadata"].(thing)
	if kept, _ := m["finalizers"].([]any); m["deletionTimestamp"] != nil && len(kept) == 0 {
		s.put("DELETED", path, s.all[path])
	}
}

func isList(path string) bool {
	_, inside, _ := strings.Cut(path, "/namespaces/")
	return strings.Count(inside, "/") == 1
}

func selects(selector string, o thing) bool {
	labels, _ := o["metadata"].(thing)["labels"].(thing)
	for _, part := range strings.Split(selector, ",") {
		name, value, equal := strings.Cut(part, "=")
		if got := labels[name]; part != "" && (got == nil || equal && got != value) {
			return false
		}
	}
	return true
}

func (s *apiServer) watch(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.Atoi(r.FormValue("resourceVersion"))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	for {
		s.mu.Lock()
		news, more := s.log[from:], s.more
		s.mu.Unlock()
		for _, e := range news {
			if from++; strings.HasPrefix(e.path, r.URL.Path+"/") && selects(r.FormValue("labelSelector"), e.object) {
				_ = json.NewEncoder(w).Encode(thing{"type": e.kind, "object": typed(e.object)})
			}
		}
		w.(http.Flusher).Flush()
		select {
		case <-more:
		case <-r.Context().Done():
			return
		}
	}
}

func typed(o thing) thing {
	o = clone(o)
	o["kind"], o["apiVersion"] = "Pod", "v1"
	return o
}

func answer(w http.ResponseWriter, code int, o thing) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(o)
}

func refuse(w http.ResponseWriter, code int, reason string) {
	answer(w, code, thing{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": reason})
}

// change changes a pod's status, if it is still there.
func (s *apiServer) change(path string, fn func(status thing)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := clone(s.all[path]); s.all[path] != nil {
		status, _ := o["status"].(thing)
		if status == nil {
			status = thing{}
		}
		fn(status)
		o["status"] = status
		s.put("MODIFIED", path, o)
	}
}

// changes are all that were made, in order.
func (s *apiServer) changes() []logged {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// get is an object now; nil if there is none.
func (s *apiServer) get(path string) thing {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[path] == nil {
		return nil
	}
	return clone(s.all[path])
}
