package metrics_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const monitoring = "../../../examples/monitoring/"

// expression is a query and the place where it is used.
type expression struct{ where, text string }

var (
	metricName = regexp.MustCompile(`vmcluster_\w+`)
	selector   = regexp.MustCompile(`(vmcluster_\w+)\{([^}]*)\}`)
	byLabels   = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)
)

// samples returns the labels of each sample that a scraper gets, by name.
func samples(text string) map[string][]string {
	out := map[string][]string{}
	for _, found := range regexp.MustCompile(`(?m)^(\w+)(?:\{([^}]*)\})? `).FindAllStringSubmatch(text, -1) {
		if _, known := out[found[1]]; !known {
			out[found[1]] = nil
		}
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(found[2], -1) {
			if !slices.Contains(out[found[1]], label[1]) {
				out[found[1]] = append(out[found[1]], label[1])
			}
		}
	}
	return out
}

// check compares names and labels with those that /metrics shows.
func check(t *testing.T, expressions []expression) {
	t.Helper()
	shown := samples(show(t, played(t)))
	scrapers := []string{"instance", "job"} // labels that Prometheus adds
	for _, e := range expressions {
		var labels []string
		for _, name := range metricName.FindAllString(e.text, -1) {
			own, known := shown[name]
			if !known {
				t.Errorf("%s: /metrics shows no %s", e.where, name)
			}
			labels = append(labels, own...)
		}
		for _, s := range selector.FindAllStringSubmatch(e.text, -1) {
			for _, label := range regexp.MustCompile(`(\w+)\s*(?:=|!)`).FindAllStringSubmatch(s[2], -1) {
				if !slices.Contains(append(shown[s[1]], scrapers...), label[1]) {
					t.Errorf("%s: %s has no label %s", e.where, s[1], label[1])
				}
			}
		}
		for _, by := range byLabels.FindAllStringSubmatch(e.text, -1) {
			for label := range strings.SplitSeq(by[1], ",") {
				if label = strings.TrimSpace(label); !slices.Contains(append(labels, scrapers...), label) {
					t.Errorf("%s: no metric in it has the label %s", e.where, label)
				}
			}
		}
		if strings.Count(e.text, "(") != strings.Count(e.text, ")") || strings.Count(e.text, "{") != strings.Count(e.text, "}") {
			t.Errorf("%s: brackets do not match: %s", e.where, e.text)
		}
	}
}

func TestAlertRules(t *testing.T) {
	raw, err := os.ReadFile(monitoring + "alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions(raw, &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	var all []expression
	seen := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || seen[r.Alert] || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("rule %+v is not whole, or there twice", r)
			}
			seen[r.Alert] = true
			all = append(all, expression{r.Alert, r.Expr})
		}
	}
	if len(all) < 5 {
		t.Fatalf("%d rules", len(all))
	}
	check(t, all)
}

func TestDashboard(t *testing.T) {
	raw, err := os.ReadFile(monitoring + "grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	type source struct{ Type, UID string }
	var board struct {
		Title, UID    string
		SchemaVersion int
		Panels        []struct {
			ID         int
			Title      string
			Type       string
			Datasource source
			GridPos    struct{ X, Y, W, H int }
			Targets    []struct {
				RefID      string
				Expr       string
				Datasource source
			}
		}
		Templating struct {
			List []struct {
				Name, Type, Definition string
			}
		}
	}
	if err := json.Unmarshal(raw, &board); err != nil {
		t.Fatal(err)
	}
	if board.Title == "" || board.UID == "" || board.SchemaVersion < 36 {
		t.Errorf("title %q, uid %q, schema %d", board.Title, board.UID, board.SchemaVersion)
	}
	variables := map[string]bool{"__range": true, "__rate_interval": true}
	var all []expression
	for _, v := range board.Templating.List {
		variables[v.Name] = true
		all = append(all, expression{"variable " + v.Name, v.Definition})
	}
	taken := map[string]string{}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Datasource != (source{"prometheus", "${datasource}"}) || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: %+v", p.Title, p)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := fmt.Sprint(p.GridPos.X+x, ",", p.GridPos.Y+y)
				if other := taken[cell]; other != "" && other != p.Title {
					t.Fatalf("panel %q lies on %q", p.Title, other)
				}
				taken[cell] = p.Title
			}
		}
		for _, target := range p.Targets {
			all = append(all, expression{"panel " + p.Title, target.Expr})
			for _, v := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if !variables[v[1]] {
					t.Errorf("panel %q: no variable $%s", p.Title, v[1])
				}
			}
		}
	}
	check(t, all)
	// What is counted is shown.
	for name := range samples(show(t, played(t))) {
		if strings.HasSuffix(name, "_total") && !strings.Contains(string(raw), name) {
			t.Errorf("%s is in no panel", name)
		}
	}
}
