package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// Load makes the configuration: defaults, above them the file (if any), above it what set changes (the flags). A --dev in the
// flags must be known before: it changes defaults, as a "dev: true" in the file does.
func Load(file string, dev bool, set func(*Config)) (Config, error) {
	var text []byte
	if file != "" {
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return Config{}, fmt.Errorf("cannot read the configuration: %w", err)
		}
	}
	c, err := parse(text, dev)
	if err != nil {
		return Config{}, fmt.Errorf("configuration %s: %w", file, err)
	}
	set(&c)
	return c.complete()
}

// parse lays the YAML document text over the defaults.
func parse(text []byte, dev bool) (Config, error) {
	var root yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&root); errors.Is(err, io.EOF) {
		return Default(dev), nil
	} else if err != nil {
		return Config{}, err
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return Config{}, errors.New("more than one YAML document")
	}
	if err := unknown(root.Content[0], reflect.TypeFor[Config](), ""); err != nil {
		return Config{}, err
	}
	var first struct {
		Dev bool `yaml:"dev"`
	}
	if err := root.Decode(&first); err != nil {
		return Config{}, err
	}
	c := Default(dev || first.Dev)
	if err := root.Decode(&c); err != nil {
		return Config{}, err
	}
	c.Dev = dev || first.Dev
	return c, nil
}

// unknown refuses keys that t has no field for, naming the nearest of all keys.
func unknown(n *yaml.Node, t reflect.Type, prefix string) error {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil // a heading with nothing below it
	}
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %s must be a list of \"key: value\"", n.Line, strings.TrimSuffix("the document "+prefix, "."))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, ok := fieldOf(t, key.Value)
		if !ok {
			full := prefix + key.Value
			return fmt.Errorf("line %d: unknown key %q; did you mean %q?", key.Line, full, Nearest(full, Keys()))
		}
		if field.Kind() == reflect.Struct {
			if err := unknown(value, field, prefix+key.Value+"."); err != nil {
				return err
			}
		}
	}
	return nil
}

func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("yaml") == key {
			return t.Field(i).Type, true
		}
	}
	return nil, false
}

// Keys lists every configuration key in the order of the struct, with dots: "limits.memoryMB".
func Keys() []string { return keys(reflect.TypeFor[Config](), "") }

func keys(t reflect.Type, prefix string) []string {
	var list []string
	for i := range t.NumField() {
		f := t.Field(i)
		name := prefix + f.Tag.Get("yaml")
		if f.Type.Kind() == reflect.Struct {
			list = append(list, keys(f.Type, name+".")...)
			continue
		}
		list = append(list, name)
	}
	return list
}

// Nearest finds the word of words that needs the fewest single-letter changes to become word, without regard to case.
func Nearest(word string, words []string) string {
	best, fewest := "", -1
	for _, w := range words {
		if d := distance(strings.ToLower(word), strings.ToLower(w)); fewest < 0 || d < fewest {
			best, fewest = w, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
