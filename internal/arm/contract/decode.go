package contract

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"drey/internal/cluster"
)

const invalidContent = "InvalidRequestContent"

// Options say how a body is read.
type Options struct {
	Strict  bool     // an unknown member is a fault, not just ignored
	Unknown []string // paths of members that the type has and this version has not
}

// Decode reads body into the struct that into points to, and answers every fault at once as one [cluster.Error].
//
// Members are found by their json name. The arm tag adds, separated by commas: required; readonly (ignored, whatever its value);
// ignored (known, but without effect here: reported like an unknown one, never a fault); text (numbers and booleans are taken as their
// text, in maps of strings); long (a string that may be longer than [MaxString]). null is the same as absent. Members of embedded structs
// belong to the outer one; where both have a name, the outer one's is meant, as in encoding/json.
//
// ignored lists the JSON paths of what was read over.
func Decode(body []byte, into any, opts Options) (ignored []string, err error) {
	f := &faults{}
	root := parse(body, f)
	if root == nil {
		return nil, cluster.Faults(f.list)
	}
	b := binder{faults: f, strict: opts.Strict, hidden: opts.Unknown}
	if _, object := asObject(root); object {
		b.object(root, reflect.ValueOf(into).Elem())
	} else {
		f.add(invalidContent, "", "The request body must be an object, not %s.", root.kind())
	}
	return b.ignored, cluster.Faults(f.list)
}

// faults collects what is wrong, up to a limit.
type faults struct{ list []cluster.Fault }

func (f *faults) add(code, target, format string, args ...any) {
	f.put(cluster.Fault{Code: code, Target: target, Message: fmt.Sprintf(format, args...)})
}

func (f *faults) put(fault cluster.Fault) {
	if len(f.list) < maxFaults {
		f.list = append(f.list, fault)
	}
}

// field is one member that a struct type knows.
type field struct {
	name                                    string
	index                                   []int
	required, readonly, ignored, text, long bool
}

// fieldsOf lists the members of a struct type in order, those of embedded structs among them.
func fieldsOf(t reflect.Type) []field {
	if known, ok := met.Load(t); ok {
		return known.([]field)
	}
	var all []field
	depth := map[string]int{}
	collect(t, nil, &all, depth)
	kept := all[:0]
	for _, f := range all {
		if len(f.index) == depth[f.name] {
			kept = append(kept, f)
		}
	}
	met.Store(t, kept)
	return kept
}

// met are the fields of each type that was asked for: they never change.
var met sync.Map

// collect notes for each name how deep its shallowest owner is: that one hides the others.
func collect(t reflect.Type, prefix []int, all *[]field, depth map[string]int) {
	for i := range t.NumField() {
		s := t.Field(i)
		index := append(append([]int(nil), prefix...), i)
		name, _, _ := strings.Cut(s.Tag.Get("json"), ",")
		if s.Anonymous && name == "" {
			collect(s.Type, index, all, depth)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		f := field{name: name, index: index}
		for _, word := range strings.Split(s.Tag.Get("arm"), ",") {
			f.required = f.required || word == "required"
			f.readonly = f.readonly || word == "readonly"
			f.ignored = f.ignored || word == "ignored"
			f.text = f.text || word == "text"
			f.long = f.long || word == "long"
		}
		*all = append(*all, f)
		if d, known := depth[name]; !known || len(index) < d {
			depth[name] = len(index)
		}
	}
}
