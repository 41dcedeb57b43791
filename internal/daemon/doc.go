// Package daemon is the server as a process: its configuration, its data directory, its certificates, the order in which its
// parts start and stop. What the parts do is theirs.
package daemon
