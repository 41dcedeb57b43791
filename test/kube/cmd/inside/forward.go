package main

import (
	"io"
	"net"
	"os"
)

// forward accepts on descriptor 3, a listener that was opened outside of this network namespace, and connects each caller with an address inside.
func forward(address string) error {
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	for {
		outer, err := listener.Accept()
		if err != nil {
			return err
		}
		go join(outer.(*net.TCPConn), address)
	}
}

func join(outer *net.TCPConn, address string) {
	defer outer.Close()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return // the caller sees a closed connection
	}
	inner := connection.(*net.TCPConn)
	defer inner.Close()
	go func() {
		io.Copy(inner, outer)
		inner.CloseWrite()
	}()
	io.Copy(outer, inner)
}
