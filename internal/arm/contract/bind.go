package contract

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"drey/internal/cluster"
)

// binder puts a tree into Go values.
type binder struct {
	faults  *faults
	strict  bool
	hidden  []string
	ignored []string
}

func asObject(n *node) ([]member, bool) {
	d, ok := n.token.(json.Delim)
	return n.members, ok && d == '{'
}

func (b *binder) wrong(n *node, want string) {
	b.faults.add("InvalidParameter", n.path, "It must be %s, not %s.", want, n.kind())
}

func (b *binder) object(n *node, v reflect.Value) {
	members, ok := asObject(n)
	if !ok {
		b.wrong(n, "an object")
		return
	}
	fields := fieldsOf(v.Type())
	given := map[string]bool{}
	for _, m := range members {
		f := find(fields, m.name)
		switch {
		case f == nil || slices.Contains(b.hidden, m.value.path):
			b.unknown(m, fields)
		case f.readonly || m.value.token == nil || given[m.name]: // a duplicate is a fault already
		case f.ignored:
			b.ignored = append(b.ignored, m.value.path)
		default:
			given[m.name] = true
			b.value(m.value, v.FieldByIndex(f.index), *f)
		}
	}
	for _, f := range fields {
		if f.required && !given[f.name] {
			b.faults.add("MissingRequiredProperty", join(n.path, f.name), "It is required.")
		}
	}
}

func find(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

func (b *binder) unknown(m member, fields []field) {
	if !b.strict {
		b.ignored = append(b.ignored, m.value.path)
		return
	}
	fault := cluster.Fault{Code: "UnknownField", Target: m.value.path, Message: "There is no such field."}
	for _, f := range fields {
		if strings.EqualFold(f.name, m.name) && f.name != m.name {
			fault.Hint = "The field is spelled " + f.name + "."
		}
	}
	b.faults.put(fault)
}

func (b *binder) value(n *node, v reflect.Value, f field) {
	switch v.Kind() {
	case reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		b.value(n, target.Elem(), f)
		v.Set(target)
	case reflect.Struct:
		b.object(n, v)
	case reflect.Slice:
		b.slice(n, v, f)
	case reflect.Map:
		b.mapping(n, v, f)
	case reflect.Interface:
		if free, ok := b.free(n); ok {
			v.Set(reflect.ValueOf(free))
		}
	default:
		b.scalar(n, v, f)
	}
}

func (b *binder) slice(n *node, v reflect.Value, f field) {
	if d, ok := n.token.(json.Delim); !ok || d != '[' {
		b.wrong(n, "an array")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		b.value(item, v.Index(i), f)
	}
}

// mapping fills a map of strings or of anything. A null member is absent.
func (b *binder) mapping(n *node, v reflect.Value, f field) {
	members, ok := asObject(n)
	if !ok {
		b.wrong(n, "an object")
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(members)))
	for _, m := range members {
		if m.value.token == nil {
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		b.value(m.value, item, f)
		v.SetMapIndex(reflect.ValueOf(m.name), item)
	}
}

func (b *binder) scalar(n *node, v reflect.Value, f field) {
	switch v.Kind() {
	case reflect.String:
		if text, ok := b.text(n, f); ok {
			v.SetString(text)
		}
	case reflect.Bool:
		flag, ok := n.token.(bool)
		if !ok {
			b.wrong(n, "a boolean")
			return
		}
		v.SetBool(flag)
	case reflect.Float64:
		if x, ok := b.number(n, "a number"); ok {
			v.SetFloat(x)
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		b.integer(n, v)
	default:
		panic("contract: no JSON form for " + v.Type().String()) // a wire type with a field of a kind that no test ever read
	}
}

func (b *binder) text(n *node, f field) (string, bool) {
	text, ok := n.token.(string)
	if !ok && f.text {
		switch t := n.token.(type) {
		case json.Number:
			text, ok = t.String(), true
		case bool:
			text, ok = strconv.FormatBool(t), true
		}
	}
	if !ok {
		b.wrong(n, "a string")
		return "", false
	}
	if len(text) > MaxString && !f.long {
		b.faults.add("InvalidParameter", n.path, "It is longer than %d bytes.", MaxString)
		return "", false
	}
	return text, true
}

func (b *binder) number(n *node, want string) (float64, bool) {
	literal, ok := n.token.(json.Number)
	if !ok {
		b.wrong(n, want)
		return 0, false
	}
	x, err := literal.Float64()
	if err != nil {
		b.faults.add("InvalidParameter", n.path, "The number is out of range.")
		return 0, false
	}
	return x, true
}

// integer accepts 1 and 1.0 and 1e0; above 2^53 only plain digits are exact.
func (b *binder) integer(n *node, v reflect.Value) {
	x, ok := b.number(n, "an integer")
	if !ok {
		return
	}
	whole, err := n.token.(json.Number).Int64()
	if err != nil {
		if x != math.Trunc(x) {
			b.faults.add("InvalidParameter", n.path, "It must be an integer.")
			return
		}
		whole = int64(x)
	}
	if math.Abs(x) > 1<<53 && err != nil || v.OverflowInt(whole) {
		b.faults.add("InvalidParameter", n.path, "The number is out of range.")
		return
	}
	v.SetInt(whole)
}

// free keeps a value as encoding/json would: what goes into the store comes out the same.
func (b *binder) free(n *node) (any, bool) {
	switch t := n.token.(type) {
	case string:
		return b.text(n, field{})
	case json.Number:
		return b.number(n, "a number")
	case bool:
		return t, true
	case json.Delim:
		if t == '[' {
			return b.freeList(n), true
		}
		return b.freeMap(n), true
	}
	return nil, false
}

func (b *binder) freeList(n *node) []any {
	list := make([]any, 0, len(n.items))
	for _, item := range n.items {
		value, _ := b.free(item)
		list = append(list, value)
	}
	return list
}

func (b *binder) freeMap(n *node) map[string]any {
	object := make(map[string]any, len(n.members))
	for _, m := range n.members {
		if value, ok := b.free(m.value); ok {
			object[m.name] = value
		}
	}
	return object
}
