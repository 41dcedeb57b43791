package contract

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"drey/internal/cluster"
)

func TestAMergePatchIsThatOfTheRFC(t *testing.T) {
	t.Parallel()
	shown := map[string]any{"a": map[string]any{"b": 1.5, "c": "x"}, "l": []int{1, 2}, "tags": map[string]string{"one": "1", "two": "2"}, "big": 9007199254740993}
	for why, tt := range map[string]struct{ patch, want string }{
		"nothing":                       {`{}`, `{"a":{"b":1.5,"c":"x"},"big":9007199254740993,"l":[1,2],"tags":{"one":"1","two":"2"}}`},
		"members are merged":            {`{"a":{"b":2.50}}`, `{"a":{"b":2.50,"c":"x"},"big":9007199254740993,"l":[1,2],"tags":{"one":"1","two":"2"}}`},
		"null deletes":                  {`{"a":{"b":null},"l":null,"none":null}`, `{"a":{"c":"x"},"big":9007199254740993,"tags":{"one":"1","two":"2"}}`},
		"lists are replaced":            {`{"l":[3]}`, `{"a":{"b":1.5,"c":"x"},"big":9007199254740993,"l":[3],"tags":{"one":"1","two":"2"}}`},
		"nulls in a new object go":      {`{"n":{"x":null,"y":{}}}`, `{"a":{"b":1.5,"c":"x"},"big":9007199254740993,"l":[1,2],"n":{"y":{}},"tags":{"one":"1","two":"2"}}`},
		"an object replaces a text":     {`{"a":{"c":{"d":1}}}`, `{"a":{"b":1.5,"c":{"d":1}},"big":9007199254740993,"l":[1,2],"tags":{"one":"1","two":"2"}}`},
		"tags are replaced as a whole":  {`{"tags":{"two":"3"}}`, `{"a":{"b":1.5,"c":"x"},"big":9007199254740993,"l":[1,2],"tags":{"two":"3"}}`},
		"tags that are null are no tag": {`{"tags":null}`, `{"a":{"b":1.5,"c":"x"},"big":9007199254740993,"l":[1,2]}`},
	} {
		got, err := Merge(shown, []byte(tt.patch))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %v\n got %s\nwant %s", why, err, got, tt.want)
		}
	}
}

func TestAPatchThatCannotBeReadIsAFault(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct{ patch, code string }{
		"broken JSON":      {`{"a":`, "InvalidRequestContent"},
		"a list":           {`[]`, "InvalidRequestContent"},
		"a member twice":   {`{"a":1,"a":2}`, "DuplicateField"},
		"an empty body":    {``, "InvalidRequestContent"},
		"a second value":   {`{} {}`, "InvalidRequestContent"},
		"a bomb of braces": {`{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}`, "InvalidRequestContent"},
	} {
		_, err := Merge(map[string]any{}, []byte(tt.patch))
		if e := cluster.AsError(err); e == nil || e.Code != tt.code {
			t.Errorf("%s: got %v, want %s", why, err, tt.code)
		}
	}
}

type outer struct {
	Block *block `json:"block"`
	Plain block  `json:"plain"`
}

type block struct {
	A string   `json:"a"`
	L []string `json:"l"`
}

func TestMembersAreKeptAndClearedByPath(t *testing.T) {
	t.Parallel()
	old := outer{Block: &block{A: "1", L: []string{"x"}}, Plain: block{A: "2"}}
	now := outer{Block: &block{A: "3"}, Plain: block{A: "4"}}
	Keep(&now, &old, "block.l", "plain.a", "plain.none", "block.a.b")
	if d := cmp.Diff(outer{Block: &block{A: "3", L: []string{"x"}}, Plain: block{A: "2"}}, now); d != "" {
		t.Errorf("kept (-want +got):\n%s", d)
	}
	Clear(&now, "block.a", "plain", "none")
	if d := cmp.Diff(outer{Block: &block{L: []string{"x"}}}, now); d != "" {
		t.Errorf("cleared (-want +got):\n%s", d)
	}
	Keep(&now, &outer{}, "block.l")
	Keep(&outer{}, &old, "block.l")
	if len(now.Block.L) != 1 {
		t.Errorf("a block that is absent emptied %+v", now.Block)
	}
}

func TestAMemberThatAVersionDoesNotKnowIsUnknown(t *testing.T) {
	t.Parallel()
	var into outer
	ignored, err := Decode([]byte(`{"block":{"a":7,"l":["y"]},"plain":{"a":"z"}}`), &into, Options{Unknown: []string{"block.a"}})
	if err != nil || into.Block.A != "" || into.Plain.A != "z" {
		t.Errorf("got %+v, %v", into, err)
	}
	if d := cmp.Diff([]string{"block.a"}, ignored); d != "" {
		t.Errorf("ignored (-want +got):\n%s", d)
	}
}
