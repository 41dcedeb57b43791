package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"drey/internal/cluster"
	"github.com/google/go-cmp/cmp"
)

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

// filled makes a T in which no field is zero, so that a field that is not stored shows.
func filled[T any]() T {
	var v T
	n := 0
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

func fill(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(noon.Add(time.Duration(*n) * time.Second)))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(json.RawMessage(fmt.Sprintf(`{"n":%d}`, *n))))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), n)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String, reflect.Interface:
		v.Set(reflect.ValueOf(fmt.Sprintf("Text <%d> 'ä'", *n)).Convert(textType(v)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	default:
		v.SetInt(int64(*n))
	}
}

func textType(v reflect.Value) reflect.Type {
	if v.Kind() == reflect.Interface {
		return reflect.TypeFor[string]()
	}
	return v.Type()
}

// stored sends a value through a doc column's codec.
func stored[T any](t *testing.T) {
	t.Helper()
	want := filled[T]()
	doc, err := new(Tx).encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode[T](doc)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%T changed when stored (-want +got):\n%s", want, d)
	}
}

func TestEveryFieldOfADocumentIsStored(t *testing.T) {
	t.Parallel()
	stored[cluster.Pool](t)
	stored[cluster.Cluster](t)
	stored[cluster.Job](t)
	stored[cluster.Version](t)
	stored[cluster.Incarnation](t)
	stored[cluster.Trigger](t)
	stored[cluster.Savepoint](t)
	stored[Operation](t)
}

func TestADamagedDocumentIsAnError(t *testing.T) {
	everywhere(t, func(t *testing.T, db database) {
		s := db.seeded(t)
		change(t, s, nil, func(tx *Tx) error {
			_, err := tx.exec("UPDATE pool SET doc = '[]'")
			return err
		})
		err := s.Read(t.Context(), func(tx *Tx) error {
			_, err := tx.PoolByUID("p1")
			return err
		})
		if err == nil || isNotFound(err) {
			t.Errorf("reading a damaged document: got %v, want an error of its own", err)
		}
	})
}
