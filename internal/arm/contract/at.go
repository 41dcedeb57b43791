package contract

import (
	"reflect"
	"strings"
)

// Keep copies the members at paths, in dots and JSON names, from src to dst, both pointers to structs of one type. Where either has no
// such place, nothing happens. What is copied is shared between the two afterwards.
func Keep(dst, src any, paths ...string) {
	for _, path := range paths {
		to, from := at(dst, path), at(src, path)
		if to.IsValid() && from.IsValid() {
			to.Set(from)
		}
	}
}

// Clear empties the members at paths of a pointer to a struct.
func Clear(dst any, paths ...string) {
	for _, path := range paths {
		if v := at(dst, path); v.IsValid() {
			v.SetZero()
		}
	}
}

// at finds a member; the zero Value if there is none, or a block above it is absent.
func at(root any, path string) reflect.Value {
	v := reflect.ValueOf(root)
	for name := range strings.SplitSeq(path, ".") {
		if v = reflect.Indirect(v); !v.IsValid() || v.Kind() != reflect.Struct {
			return reflect.Value{}
		}
		f := find(fieldsOf(v.Type()), name)
		if f == nil {
			return reflect.Value{}
		}
		v = v.FieldByIndex(f.index)
	}
	return v
}
