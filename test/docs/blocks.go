package docs

import (
	"fmt"
	"regexp"
	"strings"
)

// interrupt is how a terminal shows Ctrl-C.
const interrupt = "^C"

// Step is something a document tells its reader to type.
type Step struct {
	Line    int // in the document, from 1
	Command string
	shows   []string // what the document says it prints; nil: it does not say
}

// Steps are those of a document, in order. A block without a language is an error.
func Steps(text string) ([]Step, error) {
	var all []Step
	var block []string
	language, begins := "", 0
	for i, line := range strings.Split(text, "\n") {
		switch fence, is := strings.CutPrefix(line, "```"); {
		case is && begins == 0 && fence == "":
			return nil, fmt.Errorf("line %d: the block says no language: sh if it is to be run, else text, yaml or what it is", i+1)
		case is && begins == 0:
			language, begins, block = fence, i+1, nil
		case is && language == "sh":
			all, begins = append(all, blockSteps(block, begins+1)...), 0
		case is:
			begins = 0
		default:
			block = append(block, line)
		}
	}
	if begins > 0 {
		return nil, fmt.Errorf("line %d: the block has no end", begins)
	}
	return all, nil
}

// blockSteps are those of one block whose first line has a number. Without a prompt the whole block is one command.
func blockSteps(block []string, first int) []Step {
	if len(block) == 0 || block[0] != interrupt && !strings.HasPrefix(block[0], "$ ") {
		return []Step{{Line: first, Command: strings.Join(block, "\n")}}
	}
	var all []Step
	for i, line := range block {
		command, typed := strings.CutPrefix(line, "$ ")
		if typed || line == interrupt {
			all = append(all, Step{Line: first + i, Command: command})
			continue
		}
		last := &all[len(all)-1]
		if strings.HasSuffix(last.Command, `\`) && last.shows == nil {
			last.Command += "\n" + line
			continue
		}
		last.shows = append(last.shows, line)
	}
	return all
}

// printed reports whether out is what a document shows: "…" stands for anything in a line, a line of "…" alone for any lines. Blanks count as one,
// since a table's columns are as wide as what is in them.
func printed(out string, shows []string) bool {
	var pattern strings.Builder
	for _, line := range shows {
		if line == "…" {
			pattern.WriteString(`(.*\n)*`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(folded(line)), "…", ".*") + `\n`)
	}
	var lines strings.Builder
	for line := range strings.Lines(strings.TrimRight(out, "\n")) {
		lines.WriteString(folded(line) + "\n")
	}
	return regexp.MustCompile(`^` + pattern.String() + `$`).MatchString(lines.String())
}

func folded(line string) string { return strings.Join(strings.Fields(line), " ") }
