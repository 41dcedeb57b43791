package identity

import (
	"fmt"
	"testing"
)

func TestARoleAllowsWhatItSaysAndNoMore(t *testing.T) {
	t.Parallel()
	const hdi = "Microsoft.HDInsight/clusterPools/"
	for _, tt := range []struct {
		action string
		may    string // O, C, R, J: the roles that may
	}{
		{hdi + "read", "OCRJ"},
		{hdi + "clusters/read", "OCRJ"},
		{hdi + "clusters/jobs/read", "OCRJ"},
		{hdi + "clusters/logs/read", "OCRJ"},
		{"microsoft.hdinsight/CLUSTERPOOLS/clusters/RUNJOB/action", "OCJ"},
		{hdi + "clusters/write", "OC"},
		{hdi + "clusters/delete", "OC"},
		{hdi + "storage/write", "OC"},
		{hdi + "storage/read", "OCR"},
		{"Microsoft.Authorization/roleAssignments/read", "OCR"},
		{"Microsoft.Authorization/roleAssignments/write", "O"},
		{"Microsoft.Authorization/locks/delete", "O"},
		{"Microsoft.Authorization/elevateAccess/action", "O"},
		{SignedIn, "OCRJ"},
		{"", ""},
	} {
		for letter, role := range map[byte]string{'O': Owner, 'C': Contributor, 'R': Reader, 'J': JobOperator} {
			who := Principal{ObjectID: object, Roles: []Assignment{{Role: role, Scope: "/"}}}
			want := false
			for _, m := range []byte(tt.may) {
				want = want || m == letter
			}
			if got := Allow(who, tt.action, "/subscriptions/s"); got != want {
				t.Errorf("%s, %q: got %v", role, tt.action, got)
			}
		}
	}
}

func TestARoleHoldsOnItsScopeAndBelow(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		given, asked string
		want         bool
	}{
		"everything":                {"/", "/subscriptions/s/resourceGroups/g", true},
		"everything, of everything": {"/", "/", true},
		"the same":                  {"/subscriptions/s", "/subscriptions/s", true},
		"below":                     {"/subscriptions/s/", "/subscriptions/s/resourceGroups/g", true},
		"in another case":           {"/Subscriptions/S", "/subscriptions/s/x", true},
		"above":                     {"/subscriptions/s/resourceGroups/g", "/subscriptions/s", false},
		"beside":                    {"/subscriptions/s", "/subscriptions/t", false},
		"a name that begins alike":  {"/subscriptions/s/resourceGroups/g", "/subscriptions/s/resourceGroups/g2", false},
		"a part of everything":      {"/subscriptions/s", "/", false},
	} {
		who := Principal{ObjectID: object, Roles: []Assignment{{Role: Reader, Scope: tt.given}}}
		if got := Allow(who, "a/read", tt.asked); got != tt.want {
			t.Errorf("%s: got %v", why, got)
		}
	}
}

func TestNobodyMayNothing(t *testing.T) {
	t.Parallel()
	for _, who := range []Principal{{}, {Roles: []Assignment{{Role: Owner, Scope: "/"}}}, {ObjectID: object, Roles: []Assignment{{Role: "King", Scope: "/"}}}} {
		if Allow(who, "a/read", "/") {
			t.Errorf("%s may", fmt.Sprint(who))
		}
	}
	if Allow(Principal{}, SignedIn, "/") {
		t.Error("nobody is signed in")
	}
}
