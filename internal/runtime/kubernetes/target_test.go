package kubernetes

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drey/internal/runtime"
)

// A server that was killed and starts again need not wait until its own lock has run out; another one must.
func TestALockIsTakenFromTheProcessBeforeAtOnceAndFromOthersNot(t *testing.T) {
	t.Parallel()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(kubeconfigOf(newAPI(t).http.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := New(Config{Kubeconfig: kubeconfig, Namespace: "flink", Dir: t.TempDir(), Key: strings.Repeat("k", 32), Drey: "drey",
		Image: func(string) (Image, error) { return Image{}, errors.New("there is none") }})
	if err != nil {
		t.Fatal(err)
	}
	for epoch, holder := range []string{"here/1", "here/2"} {
		if got, err := r.Claim(t.Context(), holder, int64(epoch+1), time.Hour); err != nil || got != int64(epoch+1) {
			t.Errorf("%s: got %d, %v", holder, got, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := r.Claim(ctx, "there/3", 3, time.Hour); err == nil {
		t.Error("another server took it at once")
	}
	if _, err := r.Claim(t.Context(), "here/1", 1, time.Hour); err == nil || errors.Is(err, runtime.ErrWrongTarget) {
		t.Errorf("an older epoch: got %v", err)
	}
}
