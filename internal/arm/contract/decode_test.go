package contract

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
)

// sample has one field of each kind.
type sample struct {
	Base
	Name    string            `json:"name" arm:"required"`
	Count   int32             `json:"count"`
	Size    *int64            `json:"size"`
	Ratio   float64           `json:"ratio"`
	On      *bool             `json:"on"`
	List    []inner           `json:"list"`
	Words   []string          `json:"words"`
	Tags    map[string]string `json:"tags"`
	Values  map[string]string `json:"values" arm:"text"`
	Free    map[string]any    `json:"free"`
	Content string            `json:"content" arm:"long"`
	Secret  string            `json:"secret" arm:"ignored"`
}

type inner struct {
	Key string `json:"key" arm:"required"`
}

// Base is embedded: one of its names is hidden by the outer struct's.
type Base struct {
	ID   string `json:"id" arm:"readonly"`
	Name int    `json:"name"`
	Kind string `json:"kind"`
}

func pointer[T any](v T) *T { return &v }

func TestABodyIsReadAsItIs(t *testing.T) {
	t.Parallel()
	body := `{"id":7,"name":"a","kind":"k","count":3.0,"size":9007199254740993,"ratio":0.5,"on":false,"list":[{"key":"x"},{"key":"","more":1}],
		"words":[],"tags":{"a":"b","gone":null},"values":{"n":1,"x":1.50,"b":true,"s":"t"},"free":{"l":[1,"a",null,{"z":false}]},
		"content":null,"secret":"s","Name":"other","deep":{"er":[1]}}`
	var got sample
	ignored, err := Decode([]byte(body), &got, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := sample{
		Base: Base{Kind: "k"}, Name: "a", Count: 3, Size: pointer[int64](9007199254740993), Ratio: 0.5, On: pointer(false),
		List: []inner{{"x"}, {""}}, Words: []string{}, Tags: map[string]string{"a": "b"},
		Values: map[string]string{"n": "1", "x": "1.50", "b": "true", "s": "t"},
		Free:   map[string]any{"l": []any{1.0, "a", nil, map[string]any{"z": false}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the values differ (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"list[1].more", "secret", "Name", "deep"}, ignored); d != "" {
		t.Errorf("what was ignored differs (-want +got):\n%s", d)
	}
}

func TestAllFaultsAreFoundWithTheirPlaces(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		body   string
		strict bool
		want   []string // code target
	}{
		"an empty body is one fault":                {body: " \n", want: []string{"InvalidRequestContent "}},
		"broken JSON is one fault":                  {body: `{"name":1,"count":"x",}`, want: []string{"InvalidRequestContent "}},
		"a second value is broken JSON":             {body: `{"name":"a"} {}`, want: []string{"InvalidRequestContent "}},
		"NaN is broken JSON":                        {body: `{"name":"a","ratio":NaN}`, want: []string{"InvalidRequestContent "}},
		"invalid UTF-8 is one fault":                {body: "{\"name\":\"\xff\"}", want: []string{"InvalidRequestContent "}},
		"half a surrogate pair could not be echoed": {body: `{"name":"\ud83d"}`, want: []string{"InvalidRequestContent name"}},
		"a whole pair and U+FFFD itself are fine":   {body: `{"name":"\ud83d\ude00 \ufffd \uFFFD` + "\ufffd" + `"}`},
		"the body must be an object":                {body: `[1]`, want: []string{"InvalidRequestContent "}},
		"null is no object":                         {body: `null`, want: []string{"InvalidRequestContent "}},
		"null is absent":                            {body: `{"name":null,"count":null,"list":null}`, want: []string{"MissingRequiredProperty name"}},
		"each wrong type is named": {
			body: `{"name":1,"count":"3","ratio":true,"on":"true","list":{},"words":[1,null],"tags":{"a b":1},"values":[],"free":4}`,
			want: []string{"InvalidParameter count", "InvalidParameter free", "InvalidParameter list", "InvalidParameter name", "InvalidParameter on",
				"InvalidParameter ratio", "InvalidParameter tags['a b']", "InvalidParameter values", "InvalidParameter words[0]", "InvalidParameter words[1]"},
		},
		"an integer has no fraction and fits": {
			body: `{"name":"a","count":1.5,"size":1e30,"list":[{"key":"a"},{}]}`,
			want: []string{"InvalidParameter count", "InvalidParameter size", "MissingRequiredProperty list[1].key"},
		},
		"an integer of 32 bits is that":         {body: `{"name":"a","count":2147483648}`, want: []string{"InvalidParameter count"}},
		"a huge exponent costs nothing":         {body: `{"name":"a","count":1e999999999,"ratio":-1e999999999}`, want: []string{"InvalidParameter count", "InvalidParameter ratio"}},
		"a member twice is a fault anywhere":    {body: `{"name":"a","deep":{"x":1,"x":1},"name":"b"}`, want: []string{"DuplicateField deep.x", "DuplicateField name"}},
		"an unknown field is ignored":           {body: `{"name":"a","nme":1}`},
		"an unknown field is refused by ours":   {body: `{"name":"a","Count":1,"list":[{"key":"a","x":{"y":1}}]}`, strict: true, want: []string{"UnknownField Count", "UnknownField list[0].x"}},
		"what has no effect is never a fault":   {body: `{"name":"a","secret":1,"id":{}}`, strict: true},
		"a text takes scalars only":             {body: `{"name":"a","values":{"a":{},"b":[]}}`, want: []string{"InvalidParameter values.a", "InvalidParameter values.b"}},
		"a string has 8 KiB":                    {body: `{"name":"` + strings.Repeat("a", MaxString) + `","content":"` + strings.Repeat("a", 20000) + `"}`},
		"and not more":                          {body: `{"name":"` + strings.Repeat("a", MaxString+1) + `","free":{"a":"` + strings.Repeat("a", MaxString+1) + `"}}`, want: []string{"InvalidParameter free.a", "InvalidParameter name"}},
		"names too":                             {body: `{"name":"a","` + strings.Repeat("b", MaxString+1) + `":1}`, want: []string{"InvalidRequestContent "}},
		"32 levels are enough":                  {body: `{"name":"a","free":{"x":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}}`},
		"the 33rd is a fault, and nothing else": {body: `{"name":"a","free":{"x":` + strings.Repeat("[", 31) + `{"a":[1],"a":2}` + strings.Repeat("]", 31) + `},"count":""}`, want: []string{"InvalidParameter count", "InvalidRequestContent free.x" + strings.Repeat("[0]", 30)}},
		"a bomb of brackets is one fault":       {body: strings.Repeat("[", 1<<19), want: []string{"InvalidRequestContent "}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			var into sample
			_, err := Decode([]byte(tt.body), &into, Options{Strict: tt.strict})
			if d := cmp.Diff(tt.want, faultsOf(t, err)); d != "" {
				t.Errorf("the faults differ (-want +got):\n%s", d)
			}
		})
	}
}

// faultsOf lists code and target of each fault, sorted.
func faultsOf(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	e := cluster.AsError(err)
	if e == nil || e.Kind != cluster.Invalid {
		t.Fatalf("it is no fault of the caller: %v", err)
	}
	var all []string
	for _, f := range e.Details {
		if f.Message == "" {
			t.Errorf("%s at %s says nothing", f.Code, f.Target)
		}
		all = append(all, f.Code+" "+f.Target)
	}
	slices.Sort(all)
	return all
}

func TestAFaultyBodyGetsABoundedAnswer(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	body.WriteString(`{"name":"a"`)
	for i := range 1000 {
		fmt.Fprintf(&body, `,"x%d":1`, i)
	}
	body.WriteString("}")
	var into sample
	_, err := Decode([]byte(body.String()), &into, Options{Strict: true})
	if got := len(faultsOf(t, err)); got != maxFaults {
		t.Errorf("got %d faults, want %d", got, maxFaults)
	}
}

func TestAMisspeltFieldIsToldItsName(t *testing.T) {
	t.Parallel()
	var into sample
	_, err := Decode([]byte(`{"name":"a","COUNT":1}`), &into, Options{Strict: true})
	if e := cluster.AsError(err); e == nil || e.Hint != "The field is spelled count." {
		t.Errorf("got %+v", e)
	}
}

func TestCopiesShareNothing(t *testing.T) {
	t.Parallel()
	from := sample{Name: "a", Words: []string{"x"}, Tags: map[string]string{"a": "b"}, Size: pointer[int64](1), List: []inner{{"k"}}}
	var to sample
	Copy(&to, from)
	if d := cmp.Diff(from, to); d != "" {
		t.Fatalf("the copy differs:\n%s", d)
	}
	to.Words[0], to.Tags["a"], *to.Size, to.List[0].Key = "y", "c", 2, "l"
	if from.Words[0] != "x" || from.Tags["a"] != "b" || *from.Size != 1 || from.List[0].Key != "k" {
		t.Errorf("the original changed: %+v", from)
	}
}

func TestCopyRefusesNamesWithTwoMeanings(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a string was copied into a number")
		}
	}()
	var to struct {
		Name int `json:"name"`
	}
	Copy(&to, sample{Name: "a"})
}

// FuzzDecode: whatever comes, the reader answers faults of the caller or values that can be told apart from none.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"name":"a","count":1.0,"list":[{"key":"x"}],"free":{"a":[1,{"b":null}]},"values":{"a":1e5}}`,
		`{"name":"a","name":"b"}`, `{"name":"\ud800"}`, `[[[[`, `{"a":1}{`, "\xff", `{"size":1e400,"count":-2147483649}`, ``, `null`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, strict bool) {
		var into sample
		ignored, err := Decode(body, &into, Options{Strict: strict})
		if err != nil {
			e := cluster.AsError(err)
			if e == nil || e.Kind != cluster.Invalid || len(e.Details) == 0 || len(e.Details) > maxFaults {
				t.Fatalf("not an answer: %v", err)
			}
			return
		}
		if strict && len(ignored) > 0 && !slices.Contains(ignored, "secret") {
			t.Fatalf("ignored although strict: %q", ignored)
		}
	})
}
