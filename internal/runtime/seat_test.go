package runtime

import "testing"

func TestASeatIsAllOfAHolderButItsProcess(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"host:/data:1:2/77", "host:/data:1:2/78", true},
		{"host:/data:1:2/77", "host:/other:1:3/77", false},
		{"host:/data:1:2/77", "other:/data:1:2/77", false},
		{"a server", "another", false}, // who names no seat has none
		{"/1", "/2", false},
	} {
		if SameSeat(tt.a, tt.b) != tt.same {
			t.Errorf("%s and %s: want %v", tt.a, tt.b, tt.same)
		}
	}
}
