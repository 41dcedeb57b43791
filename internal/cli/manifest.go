package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const maxManifest = 16 << 20 // bytes of one file

// declarations reads the resources of files, folders and standard input: pools first, else in their order.
func (s *session) declarations(from []string) ([]resource, error) {
	if len(from) == 0 {
		return nil, usage("for example -f orders.yaml, -f prod/, or - for standard input", "-f is missing")
	}
	var all []resource
	for _, name := range from {
		files, err := filesOf(name)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			found, err := s.fileResources(file)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	slices.SortStableFunc(all, func(a, b resource) int { return cmp.Compare(b.kind, a.kind) }) // clusters lie in pools
	seen := map[string]bool{}
	for _, r := range all {
		key := strings.ToLower(r.path)
		if seen[key] {
			return nil, usage("", "%s %s is declared twice", r.kind, r.name)
		}
		seen[key] = true
	}
	if len(all) == 0 {
		return nil, usage("", "no resource is declared in %s", strings.Join(from, ", "))
	}
	return all, nil
}

// filesOf are the files that a name of -f means: of a folder those that end in .json, .yaml or .yml.
func filesOf(name string) ([]string, error) {
	info, err := os.Stat(name)
	if name == "-" || err == nil && !info.IsDir() {
		return []string{name}, nil
	}
	if err != nil {
		return nil, usage("", "there is no file or folder %s", name)
	}
	var files []string
	err = filepath.WalkDir(name, func(at string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".json", ".yaml", ".yml"}, strings.ToLower(filepath.Ext(at))) {
			files = append(files, at)
		}
		return err
	})
	return files, err
}

func (s *session) fileResources(file string) ([]resource, error) {
	text, err := s.readFile(file)
	if err != nil {
		return nil, err
	}
	docs, err := documents(text)
	if err != nil {
		return nil, usage("", "%s is neither JSON nor YAML: %v", file, err)
	}
	var all []resource
	for _, doc := range docs {
		found, err := s.resources(doc, "", false)
		if err != nil {
			return nil, what(err, "%s", file)
		}
		all = append(all, found...)
	}
	return all, nil
}

func (s *session) readFile(file string) ([]byte, error) {
	in := s.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read what is declared: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxManifest+1))
	if err == nil && len(text) > maxManifest {
		err = fmt.Errorf("%s has more than %d bytes", file, maxManifest)
	}
	return text, err
}

// documents reads JSON, or the documents of YAML. What looks like a date stays a text: api-versions do.
func documents(text []byte) (docs []any, err error) {
	var one any
	if json.Unmarshal(text, &one) == nil {
		return []any{one}, nil
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var node yaml.Node
		var doc any
		if err := d.Decode(&node); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		datesAreText(&node)
		if err := node.Decode(&doc); err != nil {
			return nil, err
		}
		again, err := json.Marshal(doc) // the numbers of JSON, and no keys but texts
		if err == nil {
			err = json.Unmarshal(again, &doc)
		}
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
}

func datesAreText(n *yaml.Node) {
	if n.ShortTag() == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, c := range n.Content {
		datesAreText(c)
	}
}
