package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load makes the configuration: defaults, above them the file (if any), above it what set changes (the flags). A --dev in the
// flags must be known before: it changes defaults, as a "dev: true" in the file does. Its error names every problem, a line each.
func Load(file string, dev bool, set func(*Config)) (Config, error) {
	c, _, problems := Explain(file, dev, set)
	return c, errors.Join(problems...)
}

// read reads a configuration file, or nothing.
func read(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	return text, nil
}

// parse lays the YAML document text over the defaults, as far as it can be understood. lines says where it has which key.
func parse(text []byte, dev bool) (c Config, lines map[string]int, found problems) {
	c, lines = Default(dev), map[string]int{}
	var root yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&root); errors.Is(err, io.EOF) {
		return c, lines, nil
	} else if err != nil {
		return c, lines, problems{err}
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return c, lines, problems{errors.New("more than one YAML document")}
	}
	found = known(root.Content[0], reflect.TypeFor[Config](), "", lines)
	var first struct {
		Dev bool `yaml:"dev"`
	}
	_ = root.Decode(&first) // its error comes again
	c = Default(dev || first.Dev)
	if err := root.Decode(&c); err != nil && len(found) == 0 {
		if types, ok := errors.AsType[*yaml.TypeError](err); ok {
			for _, text := range types.Errors {
				found.add(errors.New(text))
			}
		} else {
			found.add(err)
		}
	}
	c.Dev = dev || first.Dev
	return c, lines, found
}

// known notes the line of each key below n, and refuses those that t has no field for, naming the nearest of all keys.
func known(n *yaml.Node, t reflect.Type, prefix string, lines map[string]int) (found problems) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil // a heading with nothing below it
	}
	if n.Kind != yaml.MappingNode {
		return problems{fmt.Errorf("line %d: %s must be a list of \"key: value\"", n.Line, strings.TrimSuffix("the document "+prefix, "."))}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		full := prefix + key.Value
		field, ok := fieldOf(t, key.Value)
		switch {
		case !ok:
			found.add(fmt.Errorf("line %d: unknown key %q; did you mean %q?", key.Line, full, Nearest(full, Keys())))
		case field.Kind() == reflect.Struct:
			found = append(found, known(value, field, full+".", lines)...)
		default:
			lines[full] = key.Line
		}
	}
	return found
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
func Keys() []string {
	var list []string
	each(reflect.ValueOf(Config{}), "", func(key string, _ reflect.Value) { list = append(list, key) })
	return list
}

// each calls do for every key of a part of the configuration.
func each(part reflect.Value, prefix string, do func(key string, v reflect.Value)) {
	for i := range part.NumField() {
		key := prefix + part.Type().Field(i).Tag.Get("yaml")
		if v := part.Field(i); v.Kind() == reflect.Struct {
			each(v, key+".", do)
		} else {
			do(key, v)
		}
	}
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
