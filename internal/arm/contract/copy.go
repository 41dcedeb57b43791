package contract

import (
	"fmt"
	"reflect"
	"slices"
)

// Copy puts into dst, a pointer to a struct, every member of src that dst has under the same JSON name, but those named in except. It exists
// because wire types and the domain have ARM's names in common and differ in tags only; nothing is shared between the two afterwards.
// It panics if a name means different things on both sides, so one test of each pair of types is enough.
func Copy(dst, src any, except ...string) {
	copyStruct(reflect.ValueOf(dst).Elem(), reflect.Indirect(reflect.ValueOf(src)), except)
}

func copyStruct(dst, src reflect.Value, except []string) {
	from := fieldsOf(src.Type())
	for _, to := range fieldsOf(dst.Type()) {
		f := find(from, to.name)
		if f == nil || slices.Contains(except, to.name) {
			continue
		}
		copyValue(dst.FieldByIndex(to.index), src.FieldByIndex(f.index), to.name, except)
	}
}

func copyValue(dst, src reflect.Value, name string, except []string) {
	switch {
	case dst.Kind() == reflect.Pointer && src.Kind() == reflect.Pointer:
		if src.IsNil() {
			return
		}
		dst.Set(reflect.New(dst.Type().Elem()))
		copyValue(dst.Elem(), src.Elem(), name, except)
	case dst.Kind() == reflect.Struct && src.Kind() == reflect.Struct:
		copyStruct(dst, src, except)
	case dst.Kind() == reflect.Slice && src.Kind() == reflect.Slice:
		if src.IsNil() {
			return
		}
		dst.Set(reflect.MakeSlice(dst.Type(), src.Len(), src.Len()))
		for i := range src.Len() {
			copyValue(dst.Index(i), src.Index(i), name, except)
		}
	case dst.Kind() == reflect.Map && dst.Type() == src.Type():
		if src.IsNil() {
			return
		}
		dst.Set(reflect.MakeMapWithSize(dst.Type(), src.Len()))
		for _, key := range src.MapKeys() {
			dst.SetMapIndex(key, src.MapIndex(key))
		}
	case dst.CanInt() && src.CanInt():
		dst.SetInt(src.Int())
	case dst.Kind() == src.Kind() && dst.Type() == src.Type():
		dst.Set(src)
	default:
		panic(fmt.Sprintf("contract: cannot copy %s from %s to %s", name, src.Type(), dst.Type()))
	}
}
