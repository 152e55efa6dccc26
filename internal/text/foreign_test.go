package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

func TestForeignText(t *testing.T) {
	for _, tt := range []struct{ foreign, line, lines string }{
		{"", "", ""},
		{"plain text", "plain text", "plain text"},
		{" two  spaces ", "two spaces", " two  spaces "},
		{"größe 4 µs, 日本語", "größe 4 µs, 日本語", "größe 4 µs, 日本語"},
		{"a\x1b]0;title\x07b", "a\uFFFD]0;title\uFFFDb", "a\uFFFD]0;title\uFFFDb"},
		{"\x1b[1;31mred\x1b[0m\r\nnext\tline", "\uFFFD[1;31mred\uFFFD[0m next line", "red\nnext line"},
		{"\u009b2J", "\uFFFD2J", "\uFFFD2J"},
		{"a\u202eb\u2066c\u200bd", "a\uFFFDb\uFFFDc\uFFFDd", "a\uFFFDb\uFFFDc\uFFFDd"},
		{"a\u2028b\u2029c\x00\x7f", "a\uFFFDb\uFFFDc\uFFFD\uFFFD", "a\uFFFDb\uFFFDc\uFFFD\uFFFD"},
		{"caf\xe9", "caf\uFFFD", "caf\uFFFD"},
		{strings.Repeat("x", 60), strings.Repeat("x", 49) + "…", strings.Repeat("x", 49) + "…"},
		{strings.Repeat("é", 50), strings.Repeat("é", 50), strings.Repeat("é", 50)},
	} {
		if got := text.Line(tt.foreign, 50); got != tt.line {
			t.Errorf("Line(%q): %q, want %q", tt.foreign, got, tt.line)
		}
		if got := text.Lines(tt.foreign, 50); got != tt.lines {
			t.Errorf("Lines(%q): %q, want %q", tt.foreign, got, tt.lines)
		}
	}
}

// FuzzForeignText checks that nothing is left that a terminal obeys, that the length is
// bounded, and that clean text stays.
func FuzzForeignText(f *testing.F) {
	f.Add("a\x1b[31mb\r\n\u202e\u2028\xff", uint8(5))
	f.Add("\x1b\x1b[m[31m", uint8(50))
	f.Fuzz(func(t *testing.T, foreign string, bound uint8) {
		most := int(bound) + 1
		clean, line, lines := text.Clean(foreign), text.Line(foreign, most), text.Lines(foreign, most)
		for _, got := range []string{clean, line, strings.ReplaceAll(lines, "\n", "")} {
			for _, r := range got {
				if !text.Shown(r) {
					t.Errorf("%q is left of %q", r, foreign)
				}
			}
			if !utf8.ValidString(got) {
				t.Errorf("%q is not UTF-8", got)
			}
		}
		if utf8.RuneCountInString(line) > most || utf8.RuneCountInString(lines) > most || utf8.RuneCountInString(clean) != utf8.RuneCountInString(foreign) {
			t.Errorf("%q and %q have more than %d characters, or %q not %d", line, lines, most, clean, utf8.RuneCountInString(foreign))
		}
		if text.Clean(clean) != clean || text.Line(line, most) != line || text.Lines(lines, most) != lines {
			t.Errorf("%q, %q and %q are not clean", clean, line, lines)
		}
	})
}
