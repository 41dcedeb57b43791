package cluster

import (
	"fmt"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "A", "7", "orders", "Orders-2", "a--b", "con", strings.Repeat("x", 63)} {
		if f := ValidateName("cluster", name); f != nil {
			t.Errorf("%q is refused: %+v", name, f)
		}
	}
	for _, name := range []string{"", ".", "..", "-", "-a", "a-", "A_b", "a/b", `a\b`, "a b", "a%2fb", "a\r\nb", "a\n", "а", "ａ", "a.b", strings.Repeat("x", 64)} {
		if f := ValidateName("cluster", name); f == nil || f.Code != "InvalidResourceName" || f.Target != "name" {
			t.Errorf("%q: got %+v, want InvalidResourceName", name, f)
		}
	}
}

func TestARefusedNameComesWithALegalOne(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"fraud scoring": "fraud-scoring", "-a_b-": "a-b", "…": "", strings.Repeat("x", 70): strings.Repeat("x", 63)} {
		f := ValidateName("cluster", name)
		hint := ""
		if want != "" {
			hint = fmt.Sprintf("try %q", want)
		}
		if f.Hint != hint {
			t.Errorf("%q: got hint %q, want %q", name, f.Hint, hint)
		}
		if want != "" && ValidateName("cluster", want) != nil {
			t.Errorf("the hint %q is no legal name", want)
		}
	}
}

func TestLocationsAreComparedWithoutCaseAndBlanks(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"East US 2": "eastus2", "eastus2": "eastus2", " West\tEurope ": "westeurope", "": ""} {
		if got := NormalizeLocation(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint("t", i)] = ""
	}
	for why, tt := range map[string]struct {
		tags map[string]string
		want int
	}{
		"none":                        {nil, 0},
		"an empty value":              {map[string]string{"team": ""}, 0},
		"HTML in a value is text":     {map[string]string{"note": "<b>x</b>"}, 0},
		"the longest":                 {map[string]string{strings.Repeat("ä", 512): strings.Repeat("ä", 256)}, 0},
		"51 tags":                     {many, 1},
		"an empty name":               {map[string]string{"": "x"}, 1},
		"a name that is too long":     {map[string]string{strings.Repeat("a", 513): ""}, 1},
		"a value that is too long":    {map[string]string{"a": strings.Repeat("a", 257)}, 1},
		"forbidden characters":        {map[string]string{"a<b": "", "a%b": "", "a/b": "", `a\b`: "", "a?b": "", "a&b": ""}, 6},
		"a line break":                {map[string]string{"a\nb": "", "c": "d\ne"}, 2},
		"names that differ by case":   {map[string]string{"Team": "a", "team": "b"}, 1},
		"each fault is told, not one": {map[string]string{"": "x", "a": strings.Repeat("a", 257)}, 2},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got := ValidateTags(tt.tags); len(got) != tt.want {
				t.Errorf("got %d faults, want %d: %+v", len(got), tt.want, got)
			}
		})
	}
}

func TestJarPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]string{
		"abfs://flink@teststorage.dfs.core.windows.net/appmode/job.jar": {"abfs://flink@teststorage.dfs.core.windows.net/appmode", "job.jar"},
		"abfs://flink@teststorage.dfs.core.windows.net/job.jar":         {"abfs://flink@teststorage.dfs.core.windows.net", "job.jar"},
		"abfs://flink@teststorage.dfs.core.windows.net/a//job.jar":      {"abfs://flink@teststorage.dfs.core.windows.net/a/", "job.jar"},
		"appmode/my job.JAR": {"appmode", "my job.JAR"},
		"job.jar":            {"/", "job.jar"},
		"a/orders.SQL":       {"a", "orders.SQL"},
		"a/orders.py":        {"a", "orders.py"},
		"/job.jar":           {"/", "job.jar"},
	} {
		directory, name, fault := SplitJarPath(path)
		if fault != nil || directory != want[0] || name != want[1] {
			t.Errorf("%q: got %q, %q, %+v, want %q", path, directory, name, fault, want)
		}
	}
	for _, path := range []string{"", "abfs://flink@a.dfs.core.windows.net/", "abfs://job.jar", "abfs://flink@a.dfs.core.windows.net/job.zip",
		"a/.jar", "a/.sql", "a/.py", "a/orders.pyc", "a/..jar", `a/b\c.jar`, "a/x..jar", "a/job.jar\x00", "a/job.jar\n", "a/" + strings.Repeat("x", 252) + ".jar"} {
		if directory, name, fault := SplitJarPath(path); fault == nil || fault.Code != "InvalidJarPath" {
			t.Errorf("%q: got %q, %q, %+v, want InvalidJarPath", path, directory, name, fault)
		}
	}
}

func TestJoiningAJarPath(t *testing.T) {
	t.Parallel()
	for want, in := range map[string][2]string{
		"abfs://c@a/x/job.jar": {"abfs://c@a/x//", "job.jar"},
		"abfs://c@a/job.jar":   {"abfs://c@a", "job.jar"},
		"/job.jar":             {"/", "job.jar"},
	} {
		if got := JoinJarPath(in[0], in[1]); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestEntryClasses(t *testing.T) {
	t.Parallel()
	for _, class := range []string{"", "Main", "com.microsoft.testjob", "org.a_b.C$Inner", "größe.Ö1"} {
		if f := CheckEntryClass(class); f != nil {
			t.Errorf("%q is refused: %+v", class, f)
		}
	}
	for _, class := range []string{"a;rm", "$(x)", "a b", ".a", "a.", "a..b", "1a", "a-b", "a/b", "Main\n", strings.Repeat("a", 10<<10)} {
		if f := CheckEntryClass(class); f == nil || f.Code != "InvalidEntryClass" {
			t.Errorf("%q: got %+v, want InvalidEntryClass", class, f)
		}
	}
}

func TestNodeSizes(t *testing.T) {
	t.Parallel()
	extra := map[string]NodeSize{"Rack-1": {CPU: 64, MemoryMB: 500_000}}
	for name, want := range map[string]NodeSize{
		"Standard_D8ds_v5":   {8, 32 << 10},
		"standard_d8DS_V5":   {8, 32 << 10},
		"D16a_v4":            {16, 64 << 10},
		"Standard_F4s_v2":    {4, 8 << 10},
		"Standard_E4s_v3":    {4, 32 << 10},
		"Standard_E16-8s_v5": {8, 128 << 10},
		"Standard_D8d_v5":    {8, 32 << 10},
		"rack-1":             extra["Rack-1"],
	} {
		if got, fault := ParseSKU(name, extra); fault != nil || got != want {
			t.Errorf("%q: got %+v, %+v, want %+v", name, got, fault, want)
		}
	}
	for _, name := range []string{"", "Standard_", "Standard_B2ms", "Standard_D", "Standard_D0s_v5", "D8ds_v5x", "D8-0s", "D8-16s", "D99999", "Standard_D8ds v5", "D8\n"} {
		if got, fault := ParseSKU(name, extra); fault == nil || fault.Code != "InvalidVmSize" {
			t.Errorf("%q: got %+v, %+v, want InvalidVmSize", name, got, fault)
		}
	}
	_, fault := ParseSKU("Standard_X8ds_v5", extra)
	if !strings.Contains(fault.Hint, "Standard_D8ds_v5") {
		t.Errorf("the hint names no near size: %q", fault.Hint)
	}
	if cpu, mb := (NodeSize{8, 32768}).Allocatable(); cpu != 7.2 || mb != 29491 {
		t.Errorf("allocatable: got %v, %d", cpu, mb)
	}
}
