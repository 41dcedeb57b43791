package image

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Layer is files by their absolute paths in the image.
type Layer struct {
	Owner int // user and group of all of them
	Files map[string]File
}

// File is one of Source, Link or Text; a folder has only a Mode, with [fs.ModeDir].
type File struct {
	Source string // a file of this machine; where it is a link, the file that it leads to
	Link   string // what a symbolic link says
	Text   string
	Mode   fs.FileMode // zero: Source's own, or 0644
}

// AddTree adds a folder of this machine at a place in the image, without what lies below the skipped paths in it. Links are followed;
// those that lead nowhere are left out.
func (l *Layer) AddTree(place, folder string, skip ...string) error {
	return filepath.WalkDir(folder, func(source string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, source)
		if err != nil {
			return err
		}
		if slices.Contains(skip, rel) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := os.Stat(source)
		switch {
		case os.IsNotExist(err):
			return nil
		case err != nil:
			return err
		case info.IsDir() && !entry.IsDir():
			return l.AddTree(path.Join(place, rel), source)
		case info.IsDir():
			l.Files[path.Join(place, rel)] = File{Mode: info.Mode()}
		default:
			l.Files[path.Join(place, rel)] = File{Source: source}
		}
		return nil
	})
}

func (l Layer) write(w io.Writer) error {
	out := tar.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(l.Files)) {
		if err := l.writeFile(out, strings.TrimPrefix(name, "/"), l.Files[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Close()
}

func (l Layer) writeFile(out *tar.Writer, name string, file File) error {
	header := &tar.Header{Name: name, Uid: l.Owner, Gid: l.Owner, Mode: 0o644, Format: tar.FormatPAX}
	if file.Mode != 0 {
		header.Mode = mode(file.Mode)
	}
	switch {
	case file.Mode.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, name+"/"
	case file.Link != "":
		header.Typeflag, header.Linkname, header.Mode = tar.TypeSymlink, file.Link, 0o777
	case file.Source != "":
		return writeSource(out, header, file)
	default:
		header.Size = int64(len(file.Text))
	}
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.WriteString(out, file.Text)
	return err
}

func writeSource(out *tar.Writer, header *tar.Header, file File) error {
	source, err := os.Open(file.Source)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	header.Size = info.Size()
	if file.Mode == 0 {
		header.Mode = mode(info.Mode())
	}
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(out, source)
	return err
}

// mode is a mode as tar has it.
func mode(m fs.FileMode) int64 {
	bits := int64(m.Perm())
	if m&fs.ModeSticky != 0 {
		bits |= 0o1000
	}
	return bits
}
