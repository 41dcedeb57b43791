package cluster

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxArgsBytes is the longest args (R20).
const MaxArgsBytes = 8 << 10

// SplitArgs splits args at white space (R20). A quote groups only when it begins a word and its partner ends one; everywhere
// else quotes and backslashes are ordinary characters. Nothing is expanded.
func SplitArgs(s string) ([]string, *Fault) {
	switch {
	case len(s) > MaxArgsBytes:
		return nil, invalidArgs("The arguments have at most %d bytes.", MaxArgsBytes)
	case !utf8.ValidString(s):
		return nil, invalidArgs("The arguments are not valid UTF-8.")
	case strings.ContainsRune(s, 0):
		return nil, invalidArgs("The arguments have a NUL character at position %d.", position(s, strings.IndexByte(s, 0)))
	}
	var words []string
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case isBlank(c):
			i++
		case c == '\'' || c == '"':
			end := closingQuote(s, i)
			if end < 0 {
				return nil, invalidArgs("The quote (%c) at position %d is not closed: its partner must end a word.", c, position(s, i))
			}
			words = append(words, s[i+1:end])
			i = end + 1
		default:
			end := i
			for end < len(s) && !isBlank(s[end]) {
				end++
			}
			words = append(words, s[i:end])
			i = end
		}
	}
	return words, nil
}

// closingQuote finds the partner of the quote at start: the first one like it that ends a word. -1 if there is none.
func closingQuote(s string, start int) int {
	for i := start + 1; i < len(s); i++ {
		if s[i] == s[start] && (i+1 == len(s) || isBlank(s[i+1])) {
			return i
		}
	}
	return -1
}

// isBlank also takes the carriage return: text areas of browsers send it before each newline.
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// position counts characters from 1, as an editor does.
func position(s string, at int) int { return utf8.RuneCountInString(s[:at]) + 1 }

func invalidArgs(format string, args ...any) *Fault {
	return &Fault{Code: "InvalidArgs", Message: fmt.Sprintf(format, args...)}
}
