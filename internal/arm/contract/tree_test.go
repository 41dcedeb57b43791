package contract

import (
	"strings"
	"testing"
)

func TestABodyHoldsNotMoreValuesThanItMay(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		items int
		want  string
	}{
		"as many as it may": {MaxValues - 3, ""}, // the body, the name and the list are values too
		"one more":          {MaxValues - 2, "The request body holds more than 20000 values."},
		"a million":         {1 << 20, "The request body holds more than 20000 values."},
	} {
		body := `{"name":"a","extra":[` + strings.TrimSuffix(strings.Repeat("1,", tt.items), ",") + `]}`
		_, err := Decode([]byte(body), &sample{}, Options{})
		if got := message(err); got != tt.want {
			t.Errorf("%s: got %q, want %q", why, got, tt.want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	_, text, _ := strings.Cut(err.Error(), ": ")
	return text
}
