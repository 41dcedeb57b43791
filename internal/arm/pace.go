package arm

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"drey/internal/cluster"
)

// leastRate is how fast, in bytes each second, a body must arrive beyond its first time.
const leastRate = 64 << 10

// pacedBody ends a request whose body arrives too slowly. An upload may go on for hours as long as it comes along.
type pacedBody struct {
	io.ReadCloser
	connection *http.ResponseController
	until      time.Time // for its first byte
	got        int64
}

// paced gives in a body with a time limit. A connection that knows no deadlines has none.
func paced(out http.ResponseWriter, in *http.Request, limit time.Duration) {
	if limit == 0 || in.ContentLength == 0 {
		return
	}
	b := &pacedBody{ReadCloser: in.Body, connection: http.NewResponseController(out), until: time.Now().Add(limit)}
	if b.connection.SetReadDeadline(b.until) == nil {
		in.Body = b
	}
}

// Read implements [io.Reader].
func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, cluster.Errorf(requestTimeout, "", "", "The request's body came too slowly.")
	case err != nil:
		_ = b.connection.SetReadDeadline(time.Time{}) // what is waited for from here on is not the body
		return n, err
	}
	b.got += int64(n)
	return n, b.connection.SetReadDeadline(b.until.Add(time.Duration(b.got) * time.Second / leastRate))
}

// within gives what is written from now on until limit to be taken; 0 = for ever.
func (w *response) within(limit time.Duration) {
	var until time.Time
	if limit > 0 {
		until = time.Now().Add(limit)
	}
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(until) // a connection that knows no deadlines has none
}

// taken follows each write: between two pieces of a stream there is no hurry.
func (w *response) taken() {
	if w.streaming {
		w.within(0)
	}
}

// FlushError sends what there is; [http.ResponseController] finds it.
func (w *response) FlushError() error {
	w.within(w.limit)
	defer w.taken()
	return http.NewResponseController(w.ResponseWriter).Flush()
}
