package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jmespath-community/go-jmespath"
	"go.yaml.in/yaml/v3"
)

// query answers what a JMESPath expression finds in data.
func query(data any, expression string) (any, error) {
	text, err := jsonOf(data)
	if err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("cannot read the answer: %w", err)
	}
	found, err := jmespath.Search(expression, v)
	if err != nil {
		return nil, badQuery(expression, err)
	}
	return found, nil
}

func badQuery(expression string, err error) error {
	why := err.Error()
	if bad, ok := errors.AsType[jmespath.SyntaxError](err); ok {
		why = bad.Error()
	}
	return usage(`for example --query "[?properties.status=='Running'].name"`, "--query %q is no JMESPath: %s", expression, why)
}

// tabular gives what a query found the form of a table: a line for each item, and columns by the names of its members.
func tabular(found any) result {
	r := result{data: found, none: "The query found nothing."}
	switch v := found.(type) {
	case nil:
		r.columns = []string{}
	case []any:
		r.columns, r.rows = rowsOf(v)
	case map[string]any:
		var values []any
		for _, name := range sortedKeys(v) {
			r.facts = append(r.facts, fact{name, flat(v[name])})
			values = append(values, flat(v[name]))
		}
		r.rows = [][]any{values} // tsv has the values of one thing in one line, as az has
	default:
		r.rows = [][]any{{flat(v)}}
	}
	return r
}

// rowsOf makes rows of a list: of objects by all their names, of lists and of plain values as they come.
func rowsOf(list []any) (columns []string, rows [][]any) {
	names := map[string]bool{}
	for _, item := range list {
		if o, ok := item.(map[string]any); ok {
			for name := range o {
				names[name] = true
			}
		}
	}
	sorted := sortedKeys(names)
	for _, name := range sorted {
		columns = append(columns, strings.ToUpper(name))
	}
	for _, item := range list {
		switch v := item.(type) {
		case map[string]any:
			row := make([]any, len(sorted))
			for i, name := range sorted {
				row[i] = flat(v[name])
			}
			rows = append(rows, row)
		case []any:
			var row []any
			for _, cell := range v {
				row = append(row, flat(cell))
			}
			rows = append(rows, append(row, make([]any, max(0, len(sorted)-len(v)))...))
		default:
			rows = append(rows, append([]any{flat(v)}, make([]any, max(0, len(sorted)-1))...))
		}
	}
	if len(list) == 0 {
		columns = []string{}
	}
	return columns, rows
}

// flat is a value in one cell: what is no plain value becomes JSON.
func flat(v any) any {
	switch v.(type) {
	case map[string]any, []any:
		if text, err := jsonOf(v); err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	return v
}

// asYAML writes v as YAML, its members in the order in which they came.
func (a *app) asYAML(v any) error {
	text, err := jsonOf(v)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil { // every JSON is YAML
		return fmt.Errorf("cannot write YAML: %w", err)
	}
	plain(&doc)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(&doc), e.Close()); err != nil {
		return fmt.Errorf("cannot write YAML: %w", err)
	}
	_, err = out.WriteTo(a.out)
	return err
}

// oldBool is what readers of YAML 1.1 take for a truth.
var oldBool = regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$`)

// plain takes JSON's quotes and braces from a document; a text keeps quotes where it would be read as something else.
func plain(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && oldBool.MatchString(n.Value) {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, c := range n.Content {
		plain(c)
	}
}
