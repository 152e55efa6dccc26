package wrong

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// row is a configuration and what the CLI has to say of it.
type row struct {
	title  string
	source string // file and line of the row in testdata
	name   string // in addresses, and of the cluster
	before string // configuration that is applied first; "" is none
	config string // configuration that is judged
	want   map[mark]int
	says   []string // pieces of the diagnostics' texts
}

// mark is the place of a diagnostic in a row's configuration; line 0 is no line.
type mark struct {
	severity string
	line     int
}

func (r *row) file() string { return r.name + ".tf" }

const thenLine = "#-- then"

var (
	markEnd  = regexp.MustCompile(`\s*# ((?:\d+ )?(?:error|warning)s?(?:, (?:\d+ )?(?:error|warning)s?)*)( nowhere)?$`)
	markPart = regexp.MustCompile(`^(?:(\d+) )?(error|warning)s?$`)
	anyBlock = regexp.MustCompile(`(?m)^(?:(?:resource|data|provider|output|variable|import|check) .*|locals |import |moved )\{`)
)

// readRows returns the rows of a world's files.
func readRows(t *testing.T, world string) []*row {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", world, "*.hcl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("world %s has no rows: %v", world, err)
	}
	var rows []*row
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := parseRows(t, file, string(text))
		for _, r := range found {
			r.name = fmt.Sprintf("r%d", len(rows)+1)
			rows = append(rows, r)
		}
	}
	return rows
}

// parseRows splits a file into rows, of which each has its lines as config.
func parseRows(t *testing.T, file, text string) []*row {
	t.Helper()
	var rows []*row
	for i, line := range strings.Split(text, "\n") {
		if title, begins := strings.CutPrefix(line, "### "); begins {
			rows = append(rows, &row{title: title, source: fmt.Sprintf("%s:%d", file, i+1)})
			continue
		}
		if len(rows) > 0 {
			rows[len(rows)-1].config += line + "\n"
		}
	}
	return rows
}

// build makes the configuration of a row out of its lines. cloud is the address of the
// identity service.
func (r *row) build(t *testing.T, cloud string) {
	t.Helper()
	insert := strings.NewReplacer("ROW", r.name, "CLOUD", cloud)
	var lines []string
	for line := range strings.Lines(r.config) {
		line = insert.Replace(strings.TrimSuffix(line, "\n"))
		switch piece, says := strings.CutPrefix(line, "#> "); {
		case says:
			r.says = append(r.says, piece)
		case line == thenLine:
			r.before, lines = r.whole(t, lines), nil
		default:
			lines = append(lines, line)
		}
	}
	r.config, r.want = r.whole(t, lines), map[mark]int{}
	for i, line := range strings.Split(r.config, "\n") {
		r.expect(line, i+1)
	}
	r.expect(r.title, 1)
	r.title = markEnd.ReplaceAllString(r.title, "")
}

// expect notes the diagnostics that a line is marked with.
func (r *row) expect(text string, line int) {
	found := markEnd.FindStringSubmatch(text)
	if found == nil {
		return
	}
	if found[2] != "" {
		line = 0
	}
	for _, part := range strings.Split(found[1], ", ") {
		m := markPart.FindStringSubmatch(part)
		times := 1
		if m[1] != "" {
			times, _ = strconv.Atoi(m[1]) // the expression allows digits only
		}
		r.want[mark{m[2], line}] += times
	}
}

// defaults are the attributes of a cluster that works; a row replaces those that it has.
var defaults = []struct{ name, value string }{
	{"image", `"debian-13-hpc"`},
	{"network", `"private"`},
	{"key_pair", `"ops"`},
	{"front_end", `{ flavor = "m1.medium" }`},
	{"workers", `{ cpu = { flavor = "m1.small", count = 1 } }`},
	{"wait_for", `"active"`},
}

// whole returns the configuration file of a row's lines: these where they hold a block,
// else a cluster that has them as attributes beside the default ones.
func (r *row) whole(t *testing.T, lines []string) string {
	t.Helper()
	text := strings.TrimSpace(strings.Join(lines, "\n")) + "\n"
	if anyBlock.MatchString(text) {
		return text
	}
	parsed, problems := hclsyntax.ParseConfig([]byte(text), r.source, hcl.InitialPos)
	if problems.HasErrors() {
		t.Fatalf("%s: %v", r.source, problems)
	}
	body := parsed.Body.(*hclsyntax.Body)
	var out strings.Builder
	fmt.Fprintf(&out, "resource \"vmcluster_cluster\" %q {\n%s", r.name, text)
	add := func(name, value string) {
		if _, given := body.Attributes[name]; !given {
			fmt.Fprintf(&out, "%s = %s\n", name, value)
		}
	}
	add("name", strconv.Quote(r.name))
	for _, d := range defaults {
		if _, several := body.Attributes["networks"]; several && d.name == "network" {
			continue
		}
		add(d.name, d.value)
	}
	out.WriteString("}\n")
	return out.String()
}
