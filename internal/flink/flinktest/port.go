package flinktest

import (
	"net"
	"strconv"
	"sync/atomic"
	"testing"
)

// lowestPort begins a range below the kernel's own (32768 and up): a port that was free a moment ago is not given to a connection
// before the process that it is meant for listens there.
const lowestPort = 15000

var portsTaken atomic.Int32

// Port is a port of this machine that nobody listens on, and another one at each call.
func Port(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := lowestPort + int(portsTaken.Add(1))
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		_ = l.Close()
		return port
	}
	t.Fatal("1,000 ports, and somebody listens on each")
	return 0
}
