package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Replacement stands for a character that a terminal, a page or a log would act on.
const Replacement = '\uFFFD'

// Line returns foreign text as one line of at most that many characters. Runs of white
// space become one space. A character that is not to be shown becomes Replacement:
// control characters (an escape sequence begins with one), characters that change the
// direction of writing or have no width, and what is not UTF-8. A text that is too
// long ends with "…". Clean text is returned as it is.
func Line(s string, most int) string {
	if len(s) <= most && plain(s) {
		return s
	}
	return cut(strings.Join(strings.Fields(clean(s[:min(len(s), enough(most))], false)), " "), most)
}

// Lines is Line for text of several lines, which keeps its line breaks and indents.
func Lines(s string, most int) string {
	return cut(clean(s[:min(len(s), enough(most))], true), most)
}

// enough returns the number of bytes of which that many characters are certain to be
// a part, also if half of them are white space.
func enough(most int) int { return 8 * (most + 1) }

// plain reports whether a text has printable ASCII only, and single spaces between
// words.
func plain(s string) bool {
	space := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || s == ""
}

func clean(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case Shown(r):
			return r
		}
		return Replacement
	}, s)
}

// Shown reports whether a character is shown as itself, and changes nothing around it.
func Shown(r rune) bool { return unicode.IsGraphic(r) }

// cut returns at most that many characters of a text.
func cut(s string, most int) string {
	if len(s) <= most || utf8.RuneCountInString(s) <= most {
		return s
	}
	n := 0
	for i := range s {
		if n++; n == most {
			return s[:i] + "…"
		}
	}
	return s
}
