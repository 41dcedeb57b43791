package cluster

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitArgs(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                              {``, nil},
		"blanks only":                          {" \t\n ", nil},
		"one word":                             {`--input`, []string{"--input"}},
		"two words":                            {`--input a`, []string{"--input", "a"}},
		"blanks at the ends":                   {`  a b  `, []string{"a", "b"}},
		"several blanks are one":               {"a   b", []string{"a", "b"}},
		"tabs":                                 {"a\tb", []string{"a", "b"}},
		"newlines":                             {"a\nb\nc", []string{"a", "b", "c"}},
		"newlines as a browser sends them":     {"a\r\nb", []string{"a", "b"}},
		"double quotes":                        {`"a b" c`, []string{"a b", "c"}},
		"single quotes":                        {`'a b' c`, []string{"a b", "c"}},
		"an empty word":                        {`a "" b`, []string{"a", "", "b"}},
		"only an empty word":                   {`''`, []string{""}},
		"two quoted words":                     {`"a b" "c d"`, []string{"a b", "c d"}},
		"a newline inside quotes":              {"'a\nb'", []string{"a\nb"}},
		"blanks inside quotes stay":            {`"  a  "`, []string{"  a  "}},
		"the other quote inside":               {`"it's" 'say "x" now'`, []string{"it's", `say "x" now`}},
		"a quote inside a word":                {`it's`, []string{"it's"}},
		"a quote at a word's end":              {`5'`, []string{"5'"}},
		"quotes behind an equals sign":         {`--name="a b"`, []string{`--name="a`, `b"`}},
		"an apostrophe inside single quotes":   {`'it's fine'`, []string{"it's fine"}},
		"a quote that ends no word":            {`"a"b c"`, []string{`a"b c`}},
		"the first partner that ends a word":   {`"a" b"`, []string{"a", `b"`}},
		"JSON":                                 {`{"a":1}`, []string{`{"a":1}`}},
		"JSON with blanks falls apart":         {`{"a": 1}`, []string{`{"a":`, "1}"}},
		"JSON with blanks in single quotes":    {`'{"a": 1, "b": [2, 3]}'`, []string{`{"a": 1, "b": [2, 3]}`}},
		"JSON with blanks in double quotes":    {`"{"a": "b"}"`, []string{`{"a": "b"}`}},
		"a list in JSON":                       {`["x","y"]`, []string{`["x","y"]`}},
		"a Windows path":                       {`C:\jobs\in.txt`, []string{`C:\jobs\in.txt`}},
		"a Windows path with blanks":           {`"C:\my jobs\in.txt" x`, []string{`C:\my jobs\in.txt`, "x"}},
		"a path that ends in a backslash":      {`"C:\my jobs\" x`, []string{`C:\my jobs\`, "x"}},
		"backslashes escape nothing":           {`a\ b \"c\"`, []string{`a\`, "b", `\"c\"`}},
		"variables stay":                       {`$HOME ${x} %PATH%`, []string{"$HOME", "${x}", "%PATH%"}},
		"globs stay":                           {`*.jar ?`, []string{"*.jar", "?"}},
		"commands stay":                        {"$(id) `id` ;rm|x&&y>z", []string{"$(id)", "`id`", ";rm|x&&y>z"}},
		"options of the JVM are arguments":     {`-Dkey=value --add-opens x`, []string{"-Dkey=value", "--add-opens", "x"}},
		"the end of options is an argument":    {`-- -c Main`, []string{"--", "-c", "Main"}},
		"an at sign":                           {`@file`, []string{"@file"}},
		"a JDBC URL":                           {`jdbc:postgresql://h:5432/d?user=u&ssl=true`, []string{"jdbc:postgresql://h:5432/d?user=u&ssl=true"}},
		"SQL in double quotes":                 {`--sql "SELECT 'a' FROM t WHERE b = 'c'"`, []string{"--sql", `SELECT 'a' FROM t WHERE b = 'c'`}},
		"SQL in single quotes ends at a quote": {`'SELECT 'a' x'`, []string{"SELECT 'a", "x'"}},
		"a regular expression":                 {`--match ^[a-z]+\d{2}$`, []string{"--match", `^[a-z]+\d{2}$`}},
		"a hash begins no comment":             {`a # b`, []string{"a", "#", "b"}},
		"letters beyond ASCII":                 {`--stadt "München Süd" 東京`, []string{"--stadt", "München Süd", "東京"}},
		"a no-break space is no blank":         {"a\u00a0b", []string{"a\u00a0b"}},
		"three quotes":                         {`"""`, []string{`"`}},
		"four quotes":                          {`""""`, []string{`""`}},
		"quotes that touch":                    {`'a''b'`, []string{"a''b"}},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, fault := SplitArgs(tt.in)
			if fault != nil {
				t.Fatalf("got fault %+v", fault)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSplitArgsRefuses(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct{ in, want string }{
		"a quote without a partner":            {`a "b c`, "position 3"},
		"a lone quote":                         {`'`, "position 1"},
		"a partner that ends no word":          {`x "a"b`, "position 3"},
		"the position counts characters":       {`äöü 'x`, "position 5"},
		"a quote of the other kind closes not": {`"a'`, "position 1"},
		"NUL":                                  {"ab\x00", "position 3"},
		"broken UTF-8":                         {"a\xffb", "UTF-8"},
		"more than 8 KiB":                      {strings.Repeat("a", 8193), "8192"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			got, fault := SplitArgs(tt.in)
			if fault == nil || fault.Code != "InvalidArgs" || !strings.Contains(fault.Message, tt.want) {
				t.Errorf("got %q, %+v, want InvalidArgs with %q", got, fault, tt.want)
			}
		})
	}
	if _, fault := SplitArgs(strings.Repeat("a", 8192)); fault != nil {
		t.Errorf("8 KiB were refused: %+v", fault)
	}
}

// Nothing but white space and grouping quotes is ever lost, and words without either come back as they are.
func FuzzSplitArgs(f *testing.F) {
	for _, seed := range []string{`a "b c" 'd'`, `"`, `"a"b c"`, `{"a": 1}`, "'\n'", `\"`, "a\u00a0'b'", `""""`} {
		f.Add(seed)
	}
	blankless := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < 0x80 && isBlank(byte(r)) }), "")
	}
	f.Fuzz(func(t *testing.T, s string) {
		words, fault := SplitArgs(s)
		if fault != nil {
			return
		}
		in, out := blankless(s), blankless(strings.Join(words, ""))
		if missing := len(in) - len(out); missing < 0 || missing > 2*len(words) {
			t.Fatalf("%q became %q", s, words)
		}
		quoted := make([]string, len(words))
		for i, w := range words {
			if strings.ContainsAny(w, `'"`) {
				return // what has quotes of its own need not be quotable
			}
			quoted[i] = "'" + w + "'"
		}
		again, fault := SplitArgs(strings.Join(quoted, " "))
		if len(s) < MaxArgsBytes/4 && (fault != nil || !slices.Equal(again, words)) {
			t.Fatalf("%q: quoted words read back as %q, want %q (%v)", s, again, words, fault)
		}
	})
}
