package cluster

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// ValidateName checks the name of a pool or cluster (R35). what is the noun for the message: "cluster", "cluster pool".
func ValidateName(what, name string) *Fault {
	if nameForm.MatchString(name) {
		return nil
	}
	f := &Fault{
		Code:    "InvalidResourceName",
		Target:  "name",
		Message: fmt.Sprintf("The name of a %s has 1 to 63 letters, digits and hyphens, and begins and ends with a letter or digit.", what),
	}
	if near := nearName(name); near != "" {
		f.Hint = fmt.Sprintf("try %q", near)
	}
	return f
}

// nearName makes a legal name of name by putting hyphens where it is not one, or "".
func nearName(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == 63 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

// NormalizeLocation is the form in which locations are compared (R02): lower-case, without blanks.
func NormalizeLocation(location string) string {
	return strings.ToLower(strings.Join(strings.Fields(location), ""))
}

const (
	maxTags     = 50
	maxTagName  = 512
	maxTagValue = 256
)

// ValidateTags checks tags by ARM's limits. Names are compared without regard to case.
func ValidateTags(tags map[string]string) []Fault {
	var l faultList
	if len(tags) > maxTags {
		l.add("InvalidTags", "tags", "A resource has at most %d tags.", maxTags)
	}
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		target := "tags." + clip(name, 64)
		key := strings.ToLower(name)
		switch {
		case name == "" || utf8.RuneCountInString(name) > maxTagName:
			l.add("InvalidTags", target, "The name of a tag has 1 to %d characters.", maxTagName)
		case strings.ContainsAny(name, `<>%&\?/`) || !printable(name):
			l.add("InvalidTags", target, `The name of a tag has none of < > %% & \ ? / and no control characters.`)
		case seen[key]:
			l.add("InvalidTags", target, "The tag is given twice; names of tags do not differ by case.")
		case utf8.RuneCountInString(tags[name]) > maxTagValue || !printable(tags[name]):
			l.add("InvalidTags", target, "The value of a tag has at most %d characters, and no control characters.", maxTagValue)
		}
		seen[key] = true
	}
	return l
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// clip shortens s to at most n bytes, for messages and targets.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
