package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of a request body.
const (
	MaxDepth  = 32      // containers inside containers
	MaxString = 8 << 10 // bytes
	MaxValues = 20_000  // of all kinds
	maxFaults = 100     // the rest is not told
)

// node is one value of a body with its place.
type node struct {
	path    string // "" = the body itself
	token   any    // string, json.Number, bool or nil for scalars; json.Delim '{' or '[' for containers
	members []member
	items   []*node
}

type member struct {
	name  string
	value *node
}

// kind names a node's type as a person would.
func (n *node) kind() string {
	switch t := n.token.(type) {
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case json.Delim:
		if t == '[' {
			return "an array"
		}
		return "an object"
	}
	return "null"
}

// parse reads one JSON value. What makes the rest unreadable is the only fault; all others are collected.
func parse(body []byte, f *faults) *node {
	if message := broken(body); message != "" {
		f.add(invalidContent, "", "%s", message)
		return nil
	}
	p := parser{body: body, dec: json.NewDecoder(bytes.NewReader(body)), faults: f}
	p.dec.UseNumber()
	root, err := p.value("", 1)
	if errors.Is(err, errTooMany) {
		f.add(invalidContent, "", "The request body holds more than %d values.", MaxValues)
		return nil
	}
	if err != nil {
		f.add(invalidContent, "", "The request body is not valid JSON.")
		return nil
	}
	return root
}

// broken says why a body is no JSON text, or "".
func broken(body []byte) string {
	if len(bytes.TrimSpace(body)) == 0 {
		return "The request body is empty."
	}
	if !utf8.Valid(body) {
		return "The request body is not valid UTF-8."
	}
	var raw json.RawMessage
	err := json.Unmarshal(body, &raw)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("The request body is not valid JSON: %s at byte %d.", syntax, syntax.Offset)
	}
	if err != nil {
		return "The request body is not valid JSON."
	}
	return ""
}

type parser struct {
	body   []byte
	dec    *json.Decoder
	faults *faults
	values int
}

var errTooMany = errors.New("too many values")

func (p *parser) value(path string, depth int) (*node, error) {
	if p.values++; p.values > MaxValues {
		return nil, errTooMany
	}
	token, err := p.token(path)
	if err != nil {
		return nil, err
	}
	n := &node{path: path, token: token}
	open, container := token.(json.Delim)
	switch {
	case !container:
		return n, nil
	case depth > MaxDepth:
		p.faults.add(invalidContent, path, "The request body is nested deeper than %d levels.", MaxDepth)
		return n, p.skip()
	case open == '[':
		return n, p.array(n, depth)
	}
	return n, p.object(n, depth)
}

func (p *parser) array(n *node, depth int) error {
	for p.dec.More() {
		item, err := p.value(fmt.Sprintf("%s[%d]", n.path, len(n.items)), depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := p.dec.Token()
	return err
}

func (p *parser) object(n *node, depth int) error {
	seen := map[string]bool{}
	for p.dec.More() {
		token, err := p.token(n.path)
		if err != nil {
			return err
		}
		name, _ := token.(string)
		path := join(n.path, name)
		if len(name) > MaxString {
			p.faults.add(invalidContent, n.path, "A member's name is longer than %d bytes.", MaxString)
			path = n.path
		}
		if seen[name] {
			p.faults.add("DuplicateField", path, "The member %q is there twice.", shorten(name))
		}
		seen[name] = true
		value, err := p.value(path, depth+1)
		if err != nil {
			return err
		}
		n.members = append(n.members, member{name, value})
	}
	_, err := p.dec.Token()
	return err
}

// token reads a token. The decoder replaces half surrogate pairs, so that a text would not be echoed as sent: a fault.
func (p *parser) token(path string) (json.Token, error) {
	before := p.dec.InputOffset()
	token, err := p.dec.Token()
	if text, ok := token.(string); ok && strings.ContainsRune(text, utf8.RuneError) {
		raw := strings.ToLower(string(p.body[before:p.dec.InputOffset()]))
		if strings.Count(text, "\ufffd") > strings.Count(raw, "\ufffd")+strings.Count(raw, `\ufffd`) {
			p.faults.add(invalidContent, path, "A string holds half of a surrogate pair.")
		}
	}
	return token, err
}

// skip reads to the end of the container just opened.
func (p *parser) skip() error {
	for open := 1; open > 0; {
		token, err := p.dec.Token()
		if err != nil {
			return err
		}
		if d, ok := token.(json.Delim); ok && (d == '{' || d == '[') {
			open++
		} else if ok {
			open--
		}
	}
	return nil
}

// join extends a JSON path: a.b, or a['b.c'] where b.c would be read as two names.
func join(path, name string) string {
	if plain(name) {
		return strings.TrimPrefix(path+"."+name, ".")
	}
	return fmt.Sprintf("%s['%s']", path, strings.ReplaceAll(shorten(name), "'", `\'`))
}

func plain(name string) bool {
	for _, c := range name {
		if c != '_' && c != '-' && c != '$' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return name != "" && len(name) <= 128
}

// shorten bounds a name that a caller made up, for messages.
func shorten(name string) string {
	if len(name) <= 128 {
		return name
	}
	cut := name[:128]
	for !utf8.ValidString(cut) {
		cut = cut[:len(cut)-1]
	}
	return cut + "…"
}
