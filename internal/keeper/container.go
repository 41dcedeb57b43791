package keeper

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Container is what a keeper needs that is PID 1 of a container.
type Container struct {
	Folder    string     `json:"folder"`            // its own, writable: output, running.json, exit.json
	Listen    string     `json:"listen"`            // host:port, with TLS
	Folders   []string   `json:"folders"`           // made before anything else
	Artifacts []Artifact `json:"artifacts"`         // to be brought before the process starts
	Links     *Links     `json:"links,omitempty"`   // made after the folders
	Java      string     `json:"java"`              // where a link to the image's own java is made
	Message   string     `json:"message"`           // the kubelet's termination message, where the end of the process outlives us
	Inherit   []string   `json:"inherit,omitempty"` // environment variables that the process gets from the container's own
	Address   string     `json:"address"`           // environment variable with the pod's address, for "@address" in the arguments
}

// Artifact is a file that is brought to a container.
type Artifact struct {
	Path   string `json:"path"`   // absolute
	SHA256 string `json:"sha256"` // 64 lower-case hex digits
}

const (
	// containerLinger is how long a container stays after its process for somebody to come and fetch what only it knows.
	containerLinger = 15 * time.Minute
	// farewell is how long it stays once it was told to end.
	farewell = 5 * time.Second
)

// Install copies this program into a folder that it shares with the container it will be the first process of.
func Install(folder string) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("cannot open myself: %w", err)
	}
	defer self.Close()
	text, err := io.ReadAll(self)
	if err != nil {
		return fmt.Errorf("cannot read myself: %w", err)
	}
	return WriteFile(filepath.Join(folder, "drey-keep"), 0o555, text)
}

// RunContainer is the keeper's life as PID 1 of a container: config holds the input and the key, and logStart is the offset of
// the process's first byte of output. It answers the exit code of the container: the process's own, as a shell would tell it.
func RunContainer(config string, logStart int64) (code int, err error) {
	stayOut()
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	k, err := newContainer(config, logStart)
	if err != nil {
		return 1, err
	}
	listener, err := k.listen()
	if err != nil {
		return 1, err
	}
	server := k.serve(listener)
	defer server.Close()
	select {
	case <-k.wanted.complete:
	case <-k.wanted.givenUp:
		return 128 + int(syscall.SIGKILL), errors.New("killed before its process was started")
	case <-told:
		return 128 + int(syscall.SIGTERM), errors.New("told to end before its process was started")
	}
	drained, wake, err := k.start(nil, listener.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return 1, err
	}
	go reap(k.process.handle.Pid)
	stay := containerLinger
	select {
	case <-k.process.ended:
	case <-told: // without grace: what a JobManager does on its way out could destroy state
		stay = farewell
		_ = k.process.kill()
		<-k.process.ended
	}
	wake()
	<-drained
	written := k.record()
	go func() {
		<-told
		time.AfterFunc(farewell, k.letGo)
	}()
	k.stay(written, stay)
	return shellCode(*k.exit.Load()), nil
}

func shellCode(e Exit) int {
	if e.Signal != 0 {
		return 128 + e.Signal
	}
	return e.Code
}

// newContainer prepares all that needs nobody else.
func newContainer(config string, logStart int64) (*keeper, error) {
	in, err := ReadInput(config)
	if err != nil {
		return nil, err
	}
	c := in.Container
	if c == nil {
		return nil, errors.New("the keeper's input says nothing of a container")
	}
	for _, folder := range append(c.Folders, c.Folder, in.Folder) {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("cannot make a folder: %w", err)
		}
	}
	if c.Links != nil {
		if err := c.Links.make(); err != nil {
			return nil, err
		}
	}
	if err := linkJava(c.Java); err != nil {
		return nil, err
	}
	for _, name := range c.Inherit {
		_, ours := in.Env[name]
		if value, there := os.LookupEnv(name); there && !ours {
			in.Env[name] = value
		}
	}
	in.Args = expandAddress(in.Args, os.Getenv(c.Address))
	key, err := ReadKey(config)
	if err != nil {
		return nil, err
	}
	k, err := newKeeper(c.Folder, in, Bearer(key))
	if err != nil {
		return nil, err
	}
	k.seed = key
	k.output.start, k.output.end = logStart, logStart
	k.wanted = newWanted(c.Artifacts)
	return k, nil
}

// linkJava makes a link to the java of the image: below JAVA_HOME, else on the path. An image may have none.
func linkJava(link string) error {
	if link == "" {
		return nil
	}
	java := filepath.Join(os.Getenv("JAVA_HOME"), "bin", "java")
	if found, err := exec.LookPath("java"); os.Getenv("JAVA_HOME") == "" && err == nil {
		java = found
	} else if os.Getenv("JAVA_HOME") == "" {
		return nil
	}
	if err := os.Symlink(java, link); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("cannot link java: %w", err)
	}
	return nil
}

// expandAddress replaces "@address" in the arguments up to a bare "--".
func expandAddress(args []string, address string) []string {
	out := append([]string(nil), args...)
	for i, arg := range out {
		if arg == "--" {
			break
		}
		out[i] = strings.ReplaceAll(arg, "@address", address)
	}
	return out
}

func (k *keeper) listen() (net.Listener, error) {
	certificate, err := Certificate(k.seed)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", k.in.Container.Listen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen: %w", err)
	}
	return secured{listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13}}, nil
}

// secured is a listener whose connections speak TLS, and whose address is still the TCP one.
type secured struct {
	net.Listener
	config *tls.Config
}

// Accept implements [net.Listener].
func (s secured) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(c, s.config), nil
}

// tellKubelet leaves the end of the process where it is kept when we are gone.
func (k *keeper) tellKubelet(e Exit) error {
	if k.in.Container == nil || k.in.Container.Message == "" {
		return nil
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return os.WriteFile(k.in.Container.Message, text, 0o600) // the kubelet's own file: it cannot be renamed over
}

// ReadMessage understands what [Container].Message holds; false if it is none of ours.
func ReadMessage(text string) (Exit, bool) {
	var e Exit
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	return e, decoder.Decode(&e) == nil && !e.At.IsZero()
}

// letGo ends the wait for somebody to fetch the rest.
func (k *keeper) letGo() {
	select {
	case k.read <- struct{}{}:
	default:
	}
}
