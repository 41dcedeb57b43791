package flink

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestALineIsFoundByItsVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"1.20.0": "1.20", "1.20.5": "1.20", "2.0.2": "2.0", "2.2.1": "2.2", "2.3.0": "2.3", "2.4-SNAPSHOT": "2.4", "2.10.1": "2.4", "3.0.0": "2.4",
		"1.19.3": "", "1.3.2": "", "0.10.0": "",
	} {
		got, err := LineOf(version)
		if got.Name != want || (err == nil) != (want != "") {
			t.Errorf("%s: line %q, %v, want %q", version, got.Name, err, want)
		}
	}
}

func TestAnOlderLineIsToldFromAnOlderPatch(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]string]bool{
		{"1.20.5", "2.3.0"}: true, {"2.2.1", "2.3.0"}: true, {"2.9.0", "2.10.0"}: true,
		{"2.3.0", "1.20.5"}: false, {"2.3.0", "2.3.1"}: false, {"1.20.0", "1.20.5"}: false,
	} {
		if got := OlderLine(pair[0], pair[1]); got != want {
			t.Errorf("OlderLine(%s, %s) is %v", pair[0], pair[1], got)
		}
	}
}

func TestALineReadsWhatItAndOlderOnesWrote(t *testing.T) {
	t.Parallel()
	for i, writer := range lines {
		for j, reader := range lines {
			if got := CannotRead(reader.Name+".0", writer.Metadata); got != (writer.Metadata > reader.Metadata) || got && i <= j {
				t.Errorf("%s cannot read what %s wrote: %v", reader.Name, writer.Name, got)
			}
		}
	}
}

func TestNothingIsInstalledThatIsOlderThanTheTable(t *testing.T) {
	_, err := Distributions{t.TempDir()}.Install(t.Context(), Installation{Version: "1.19.3", Progress: quiet})
	if err == nil || !strings.Contains(err.Error(), "the oldest is 1.20") {
		t.Errorf("got %v", err)
	}
}

func TestReleasesThatTheJavaDoesNotRunAreNamedWithTheReason(t *testing.T) {
	d := Distributions{t.TempDir()}
	if _, err := install(t, d, unpacked(t, least...)); err != nil {
		t.Fatal(err)
	}
	for major, want := range map[int]string{17: "", 8: "wrong Java"} {
		f := Facts(d, Java{Version: fmt.Sprint(major), Major: major}, 0)
		if fits := slices.Contains(f.Installed, "2.3.0"); fits != (want == "") || !strings.HasPrefix(f.Unfit["2.3.0"], want) || want == "" && len(f.Unfit) > 0 {
			t.Errorf("Java %d: installed %v, unfit %v", major, f.Installed, f.Unfit)
		}
	}
}

func TestWhatRunsNoScriptSaysTheWayOut(t *testing.T) {
	d := Distributions{t.TempDir()}
	if _, err := install(t, d, unpacked(t, least...)); err != nil {
		t.Fatal(err)
	}
	f := Facts(d, Java{Version: "17", Major: 17}, 0)
	for version, want := range map[string]string{"2.3.0": "; drey distribution install 2.3.0 --with sql-gateway", "1.20.5": "; choose 2.0 or newer"} {
		if got := f.NoScript(version); !strings.HasSuffix(got, want) {
			t.Errorf("Flink %s: %q", version, got)
		}
	}
	if got, want := f.NoPython("2.3.0"), "; drey distribution install 2.3.0 --with python"; !strings.HasSuffix(got, want) {
		t.Errorf("Python: %q", got)
	}
	if f := FactsOf([]string{"2.3.0"}, 0); f.NoScript("2.3.0") != "" || f.NoPython != nil {
		t.Errorf("where nobody knows what a release lacks: %q", f.NoScript("2.3.0"))
	}
}

// The table of the documentation is the table of this package.
func TestTheDocsTellEachLine(t *testing.T) {
	for file, row := range map[string]func(Line) string{
		"distributions.md":  func(l Line) string { return fmt.Sprintf("| %s | %s |", l.Name, list(l.Java)) },
		"flink-versions.md": docsRow,
	} {
		raw, err := os.ReadFile("../../docs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range Lines() {
			if want := row(l); !strings.Contains(string(raw), "\n"+want+"\n") {
				t.Errorf("docs/%s lacks the row\n%s", file, want)
			}
		}
	}
}

func docsRow(l Line) string {
	yes := map[bool]string{true: "yes", false: "no"}
	python := fmt.Sprintf("3.%d to 3.%d", l.Python[0], l.Python[len(l.Python)-1])
	return fmt.Sprintf("| %s | %s | %d | %s | %s | %s | %s | %s |", l.Name, list(l.Java), l.Metadata, yes[l.SQLDriver], python, ending(l.NoMain), ending(l.NoJob), ending(l.NoRestore))
}

// ending is one as the documentation tells it.
func ending(e Ending) string {
	if len(e.Exits) == 0 {
		return "lives on; " + string(e.Reason)
	}
	return "exits (" + list(e.Exits) + "); " + string(e.Reason)
}

func list(numbers []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
}
