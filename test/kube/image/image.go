// Package image writes container images without a daemon or a registry: one tar in the OCI layout, as `ctr images import` reads it. The
// same input makes the same bytes. Layers are not compressed, as the tar never leaves the machine.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
)

// Image is what a container starts from.
type Image struct {
	Name       string // with registry and tag, "drey.test/busybox:1"
	Layers     []Layer
	Env        []string // "NAME=value"
	Entrypoint []string
	User       string // "uid:gid"
	WorkingDir string
}

const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar"
)

// descriptor names a blob, as the OCI image specification has it.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type config struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Config       struct {
		User       string   `json:",omitempty"`
		Env        []string `json:",omitempty"`
		Entrypoint []string `json:",omitempty"`
		WorkingDir string   `json:",omitempty"`
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

// Write writes the image to a tar at path. An error leaves no tar.
func (i Image) Write(path string) error {
	part, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	defer part.Close()
	if err := i.write(tar.NewWriter(part)); err != nil {
		return fmt.Errorf("cannot write the image %s: %w", i.Name, err)
	}
	if err := part.Close(); err != nil {
		return err
	}
	return os.Rename(part.Name(), path)
}

func (i Image) write(out *tar.Writer) error {
	c := config{Architecture: runtime.GOARCH, OS: "linux"}
	c.Config.User, c.Config.Env, c.Config.Entrypoint, c.Config.WorkingDir = i.User, i.Env, i.Entrypoint, i.WorkingDir
	c.RootFS.Type = "layers"
	m := manifest{SchemaVersion: 2, MediaType: typeManifest}
	for _, layer := range i.Layers {
		blob, err := describe(typeLayer, layer.write)
		if err != nil {
			return err
		}
		if err := add(out, blobPath(blob), blob.Size, layer.write); err != nil {
			return err
		}
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, blob.Digest)
		m.Layers = append(m.Layers, blob)
	}
	var err error
	if m.Config, err = addJSON(out, typeConfig, c); err != nil {
		return err
	}
	described, err := addJSON(out, typeManifest, m)
	if err != nil {
		return err
	}
	described.Annotations = map[string]string{"io.containerd.image.name": i.Name}
	text, err := json.Marshal(index{SchemaVersion: 2, MediaType: typeIndex, Manifests: []descriptor{described}})
	if err != nil {
		return err
	}
	if err := addText(out, "index.json", text); err != nil {
		return err
	}
	if err := addText(out, "oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)); err != nil {
		return err
	}
	return out.Close()
}

// describe writes a blob to nowhere, for its digest and size. It is written a second time then, as its name comes before it.
func describe(mediaType string, write func(io.Writer) error) (descriptor, error) {
	hash := sha256.New()
	var size counter
	if err := write(io.MultiWriter(hash, &size)); err != nil {
		return descriptor{}, err
	}
	return descriptor{MediaType: mediaType, Digest: fmt.Sprintf("sha256:%x", hash.Sum(nil)), Size: int64(size)}, nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func blobPath(d descriptor) string { return "blobs/sha256/" + d.Digest[len("sha256:"):] }

func addJSON(out *tar.Writer, mediaType string, value any) (descriptor, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return descriptor{}, err
	}
	blob, err := describe(mediaType, func(w io.Writer) error { _, err := w.Write(text); return err })
	if err != nil {
		return descriptor{}, err
	}
	return blob, addText(out, blobPath(blob), text)
}

func addText(out *tar.Writer, name string, text []byte) error {
	return add(out, name, int64(len(text)), func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(text))
		return err
	})
}

func add(out *tar.Writer, name string, size int64, write func(io.Writer) error) error {
	if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	return write(out)
}
