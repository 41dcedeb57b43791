// Package cli is the drey program: serve and down run and end a server, all else is a client of its API. Data goes to
// stdout, everything else to stderr; the exit code is 0 only when the thing asked for is so.
package cli
