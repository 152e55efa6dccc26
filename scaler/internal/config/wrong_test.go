package config

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/wrong.txt anew")

const wrongFile = "testdata/wrong.txt"

// base are the lines before a configuration that begins with +.
const base = "cluster = \"astro\"\nqueue \"htcondor\" {}\n"

// wrongRow is a wrong configuration and its errors.
type wrongRow struct{ name, file, errors string }

// source is the whole file.
func (r wrongRow) source() string {
	if rest, is := strings.CutPrefix(r.file, "+"); is {
		return base + rest
	}
	return r.file
}

// readRows returns the rows, and the text before them.
func readRows(t testing.TB) (head string, rows []wrongRow) {
	t.Helper()
	raw, err := os.ReadFile(wrongFile)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(raw), "\n### ")
	for _, p := range parts[1:] {
		name, rest, _ := strings.Cut(p, "\n")
		file, errors, is := strings.Cut(rest, "\n---\n")
		if !is {
			t.Fatalf("row %q has no errors", name)
		}
		rows = append(rows, wrongRow{name, file, strings.TrimRight(errors, "\n")})
	}
	return parts[0], rows
}

// Each wrong configuration is refused with line and column, and each mistake is said once,
// in plain words.
func TestWrongConfigurations(t *testing.T) {
	head, rows := readRows(t)
	if len(rows) < 100 {
		t.Fatalf("only %d rows", len(rows))
	}
	out := head
	for _, r := range rows {
		_, err := Parse("s.hcl", []byte(r.source()))
		if err == nil {
			t.Errorf("%s: it is accepted", r.name)
			out += "\n### " + r.name + "\n" + r.file + "\n---\naccepted\n"
			continue
		}
		if got := err.Error(); got != r.errors && !*update {
			t.Errorf("%s:\n%s\nwant\n%s", r.name, got, r.errors)
		}
		judgeErrors(t, r.name, err.Error())
		out += "\n### " + r.name + "\n" + r.file + "\n---\n" + err.Error() + "\n"
	}
	if *update {
		if err := os.WriteFile(wrongFile, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

var (
	position = regexp.MustCompile(`^s\.hcl:\d+:\d+: `)
	internal = regexp.MustCompile(`cty\.|hcl\.|%!|\bnil\b|strconv|big\.|map\[|\bstruct\b|panic`)
)

// judgeErrors expects a position on each line, no Go types, no doubled full stop or
// sentence, and no error twice.
func judgeErrors(t *testing.T, name, text string) {
	t.Helper()
	seen := map[string]bool{}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case !position.MatchString(line):
			t.Errorf("%s: no position: %s", name, line)
		case internal.MatchString(line):
			t.Errorf("%s: a word of the program: %s", name, line)
		case strings.Contains(line, "..") && !strings.Contains(line, "../"), strings.Contains(line, "  "):
			t.Errorf("%s: spelling: %s", name, line)
		case seen[line]:
			t.Errorf("%s: twice: %s", name, line)
		}
		seen[line] = true
		said := map[string]bool{}
		for s := range strings.SplitSeq(line, ". ") {
			if s = strings.Trim(s, ". "); said[s] {
				t.Errorf("%s: a sentence twice: %s", name, line)
			}
			said[s] = true
		}
	}
}
