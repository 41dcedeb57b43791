package daemon

import (
	"fmt"
	"reflect"
	"strings"
)

// Setting is a configuration key with the value that holds.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"` // flag, the file's name and line, --dev, default, or machine
}

// Explain makes the configuration as [Load] does, and says where each value comes from and everything that is wrong with them. Of
// secrets it may hold one: the database's password, which is not told.
func Explain(file string, dev bool, set func(*Config)) (Config, []Setting, []error) {
	text, err := read(file)
	if err != nil {
		return Config{}, nil, []error{err}
	}
	c, lines, found := parse(text, dev)
	for i, err := range found {
		found[i] = fmt.Errorf("%s: %w", file, err)
	}
	if len(found) > 0 && len(lines) == 0 {
		return c, nil, found // nothing was understood: what is missing is not missing
	}
	ordinary, started, read := values(Default(false)), values(Default(c.Dev)), values(c)
	set(&c)
	flagged := values(c)
	c, wrong := c.complete()
	var settings []Setting
	each(reflect.ValueOf(c), "", func(key string, v reflect.Value) {
		s := Setting{Key: key, Value: shown(v), Source: "default"}
		switch {
		case flagged[key] != read[key] || key == "dev" && dev:
			s.Source = "flag"
		case lines[key] > 0:
			s.Source = fmt.Sprintf("%s:%d", file, lines[key])
		case started[key] != ordinary[key]:
			s.Source = "--dev"
		case s.Value != flagged[key]:
			s.Source = "machine"
		}
		settings = append(settings, s)
	})
	return c, settings, append(found, wrong...)
}

func values(c Config) map[string]string {
	all := map[string]string{}
	each(reflect.ValueOf(c), "", func(key string, v reflect.Value) { all[key] = shown(v) })
	return all
}

func shown(v reflect.Value) string {
	if list, ok := v.Interface().([]string); ok {
		return strings.Join(list, ", ")
	}
	return fmt.Sprint(v.Interface())
}
