package config

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
)

// documentedOption is a row of a table of options.
type documentedOption struct{ standard, within string }

// tables returns the tables of options in the documentation, by their headings.
func tables(t *testing.T) map[string]map[string]documentedOption {
	t.Helper()
	raw, err := os.ReadFile("../../../docs/scaler.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]documentedOption{}
	heading, inside := "", false
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		case line == "| option | default | allowed | meaning |":
			inside = true
			out[heading] = map[string]documentedOption{}
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(line, "| ---"):
			cells := strings.Split(strings.Trim(line, "|"), " | ")
			name := strings.Trim(cells[0], " `")
			if len(cells) != 4 || out[heading][name] != (documentedOption{}) {
				t.Errorf("%s: row %q", heading, line)
				continue
			}
			out[heading][name] = documentedOption{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])}
		}
	}
	return out
}

// What people need in place of a default or a range.
var (
	otherDefaults = map[string]string{"max": "the cluster's, else `10`", "schedds": "all", "days": "every day"}
	otherRanges   = map[string]string{"days": "list of sun, mon, tue, wed, thu, fri, sat", "time_zone": "name of a time zone"}
)

func documented(o option.Option) documentedOption {
	d := documentedOption{"none", o.Allowed}
	switch {
	case o.Required:
		d.standard = "needed"
	case otherDefaults[o.Name] != "":
		d.standard = otherDefaults[o.Name]
	case o.Default != "" && o.Type == cty.String:
		d.standard = "`\"" + o.Default + "\"`"
	case o.Default != "":
		d.standard = "`" + o.Default + "`"
	}
	switch {
	case otherRanges[o.Name] != "":
		d.within = otherRanges[o.Name]
	case o.Allowed == "" && o.Type == cty.String:
		d.within = "text"
	case o.Allowed == "":
		d.within = "list of text"
	}
	return d
}

// Each option stands in the table of its block with its default and its range, and
// the tables have no others.
func TestDocumentation(t *testing.T) {
	var c Config
	var disk int
	blocks := map[string][]option.Option{
		"Top level": c.top(), "`ssh` in `queue` (optional)": (&SSH{}).options(),
		"`group \"NAME\"` (optional)": groupOptions(&decide.Bounds{}, &disk, new(float64)), "`schedule` in `group` (optional, any number)": scheduleOptions(&decide.Window{}, &scheduleText{}),
		"`policy` (optional)": c.policy(), "`actuator \"terraform\"`": c.Terraform.options(), "`log` (optional)": c.log(), "`web` (optional, with `listen`)": c.Web.options(),
	}
	blocks["`queue \"auto\"`, or no `queue` block"] = c.Queue.options()
	for _, name := range adapter.Names() {
		a, _ := adapter.Find(name)
		c.Queue.Settings = a.Settings()
		blocks["`queue \""+name+"\"` (at most one)"] = c.Queue.options()
	}
	inDocs := tables(t)
	for heading, options := range blocks {
		table := inDocs[heading]
		if table == nil {
			t.Errorf("docs/scaler.md has no table of options under %q", heading)
			continue
		}
		for _, o := range options {
			if got, want := table[o.Name], documented(o); got != want {
				t.Errorf("%s, %s: documented %+v, want %+v", heading, o.Name, got, want)
			}
			delete(table, o.Name)
		}
		for name := range table {
			t.Errorf("%s: there is no option %s", heading, name)
		}
		delete(inDocs, heading)
	}
	for heading := range inDocs {
		t.Errorf("a table of options under %q is of no block", heading)
	}
}

// What the presets set is told with the option, and nothing else.
func TestDocumentationOfPresets(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/scaler.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `preset` .*$").FindString(string(raw))
	for _, values := range presets {
		for _, v := range values {
			if told := strings.Contains(row, "`"+v[0]+"`"); !told && v[1] != "0s" || v[1] == "0s" && !strings.Contains(row, "no cooldowns") || v[1] != "0s" && !strings.Contains(row, v[1]) {
				t.Errorf("the row of preset does not tell of %s = %s: %s", v[0], v[1], row)
			}
		}
	}
}
