package text

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Replacement stands for a character that a terminal, a page or a log would act on.
const Replacement = '\uFFFD'

// Clean returns foreign text in which each character that is not to be shown is
// Replacement: control characters (an escape sequence begins with one), characters that
// change the direction of writing or have no width, and what is not UTF-8. White space
// is a space. Two texts that are equal stay equal; the number of characters stays.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	return clean(s, false)
}

// Line is Clean for one line of at most that many characters. Runs of white space
// become one space. A text that is too long ends with "…". Clean text is returned as it
// is.
func Line(s string, most int) string {
	if len(s) <= most && plain(s) && !strings.Contains(s, "  ") && strings.TrimSpace(s) == s {
		return s
	}
	return cut(strings.Join(strings.Fields(clean(s[:min(len(s), enough(most))], false)), " "), most)
}

// Lines is Clean for text of several lines, such as a console's, of at most that many
// characters. It keeps line breaks and indents, and leaves out colors.
func Lines(s string, most int) string {
	s = s[:min(len(s), 4*enough(most))]
	s = strings.ReplaceAll(colors.ReplaceAllString(s, ""), "\r\n", "\n")
	return cut(clean(s, true), most)
}

// colors are the sequences by which programs color their output.
var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

// enough returns the number of bytes of which that many characters are certain to be
// a part, also if half of them are white space.
func enough(most int) int { return 8 * (most + 1) }

// plain reports whether a text has printable ASCII only.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
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
