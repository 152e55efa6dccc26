package cluster

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// words returns the places and texts of warnings.
func words(t *testing.T, diags diag.Diagnostics) string {
	t.Helper()
	var out []string
	for _, d := range diags {
		at := ""
		if p, ok := d.(diag.DiagnosticWithPath); ok {
			at = p.Path().String()
		}
		if d.Severity() != diag.SeverityWarning {
			t.Errorf("an error: %s", d.Detail())
		}
		out = append(out, at+": "+d.Summary()+": "+d.Detail())
	}
	return strings.Join(out, "\n")
}

func expectWords(t *testing.T, got string, want ...string) {
	t.Helper()
	if len(want) == 0 && got != "" {
		t.Errorf("said: %s", got)
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%q does not say %q", got, w)
		}
	}
}

// inStatus is a cluster of which some nodes have another status than ACTIVE.
func inStatus(t *testing.T, workers int, statuses map[string]cluster.Status) model {
	t.Helper()
	var names []string
	for i := range workers {
		names = append(names, cluster.WorkerName("astro", "cpu", i+1))
	}
	m := existing(t, names...)
	states, _ := nodeStates(m.Nodes)
	for name, status := range statuses {
		s := states[name]
		s.Status = types.StringValue(string(status))
		states[name] = s
	}
	m.Nodes = nodesValue(states)
	return m
}

// A plan that makes a node anew says so, with what is wrong with it.
func TestAnewWarnings(t *testing.T) {
	many := map[string]cluster.Status{}
	for i := range 12 {
		many[cluster.WorkerName("astro", "cpu", i+1)] = cluster.StatusShutoff
	}
	for _, row := range []struct {
		name     string
		workers  int
		statuses map[string]cluster.Status
		wanted   int64
		says     []string
	}{
		{"all work", 2, nil, 2, nil},
		{"one more", 2, nil, 3, nil},
		{"a fault", 2, map[string]cluster.Status{"astro-cpu-2": cluster.StatusError}, 2,
			[]string{`workers["cpu"]: astro-cpu-2 will be deleted and made anew`, "astro-cpu-2: its server is in ERROR. Nova says: No valid host was found."}},
		{"no fault known", 2, map[string]cluster.Status{"astro-cpu-1": cluster.StatusError}, 2, []string{"Nova does not say why"}},
		{"turned off", 2, map[string]cluster.Status{"astro-cpu-1": cluster.StatusShutoff}, 2, []string{"start it (openstack server start astro-cpu-1)"}},
		{"never joined, and being deleted", 2, map[string]cluster.Status{"astro-cpu-1": cluster.StatusNotJoined, "astro-cpu-2": cluster.StatusDeleting}, 2,
			[]string{"2 workers will be deleted and made anew", "astro-cpu-1: its server is ACTIVE, and the front-end has never", "astro-cpu-2: its server is being deleted"}},
		{"many", 12, many, 12, []string{"12 workers will be deleted", "astro-cpu-10: ", "and 2 more"}},
		{"one that goes", 2, map[string]cluster.Status{"astro-cpu-2": cluster.StatusError}, 1, nil},
		{"set aside", 1, map[string]cluster.Status{"astro-cpu-1": "SHELVED"}, 1, nil},
		{"the front-end", 1, map[string]cluster.Status{"astro-frontend": cluster.StatusError}, 1, []string{"front_end: astro-frontend will be deleted and made anew", "Quota exceeded."}},
	} {
		t.Run(row.name, func(t *testing.T) {
			was := inStatus(t, row.workers, row.statuses)
			c := computed(t, testModel(t).with(t, row.wanted), &was)
			c.kept.faults = map[string]string{"astro-cpu-2": "No valid host was found", "astro-frontend": "Quota exceeded"}
			expectWords(t, words(t, anewWarnings(c)), row.says...)
		})
	}
}

// What Nova says of a server reaches the plan, in one short line.
func TestFaultsReachThePlan(t *testing.T) {
	private := privateMap{}
	view := cluster.View{Nodes: cluster.Nodes{
		{Name: "astro-cpu-1", Role: cluster.RoleWorker, Status: cluster.StatusError, Fault: &cluster.Fault{Message: "No valid\n host\x1b[2J " + strings.Repeat("x", 1000)}},
		{Name: "astro-cpu-2", Role: cluster.RoleWorker, Status: cluster.StatusActive},
	}}
	if diags := writePrivate(t.Context(), private, view); diags.HasError() {
		t.Fatal(diags)
	}
	p, diags := readPrivate(t.Context(), private)
	if got := p.faults["astro-cpu-1"]; diags.HasError() || len(p.faults) != 1 || !strings.HasPrefix(got, "No valid host") || strings.ContainsAny(got, "\n\x1b") || len(got) > 310 {
		t.Errorf("%q, %v", p.faults, diags)
	}
}

type privateMap map[string][]byte

func (m privateMap) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return m[key], nil
}

func (m privateMap) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	m[key] = value
	return nil
}

// A new key pair is for new nodes only.
func TestKeyWarnings(t *testing.T) {
	other := resolution{"key_pair/night": "ssh-ed25519 AAAAnight"}
	for name, id := range testResolution {
		other[name] = id
	}
	for _, row := range []struct {
		name   string
		key    types.String
		count  int64
		change func(*change)
		says   []string
	}{
		{"no change", types.StringValue("ops"), 2, nil, nil},
		{"another key pair", types.StringValue("night"), 2, nil, []string{"key_pair: Present nodes keep the old key", "valid on astro-frontend, astro-cpu-1, astro-cpu-2.", "openstack server delete NAME"}},
		{"no key pair any more", types.StringNull(), 2, nil, []string{"astro-frontend, astro-cpu-1, astro-cpu-2"}},
		{"the first key pair", types.StringValue("ops"), 2, func(c *change) { c.was.spec.KeyPair, c.was.spec.OperatorKey = "", "" },
			[]string{"key_pair: Present nodes do not get the key", "not on astro-frontend, astro-cpu-1, astro-cpu-2."}},
		{"not known yet", types.StringUnknown(), 2, nil, nil},
		{"another key of the same name", types.StringValue("ops"), 2, func(c *change) { c.was.spec.OperatorKey = "ssh-ed25519 AAAAold" }, []string{"astro-cpu-2"}},
		{"a key that could not be looked up", types.StringValue("ops"), 2, func(c *change) { c.spec.OperatorKey = "" }, nil},
		{"all are made anew", types.StringValue("night"), 2, func(c *change) { c.nodes.FrontEnd = true; c.nodes = c.nodes.Anew() }, nil},
		{"one leaves, one is made anew in turn", types.StringValue("night"), 1, func(c *change) {
			g := c.nodes.Groups["cpu"]
			g.Roll = g.Keep
			c.nodes.Groups["cpu"] = g
		}, []string{"valid on astro-frontend. Add"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			was, m := existing(t, "astro-cpu-1", "astro-cpu-2"), testModel(t).with(t, row.count)
			m.KeyPair = row.key
			c := computed(t, m, &was)
			c.compute(other)
			if row.change != nil {
				row.change(&c)
			}
			expectWords(t, words(t, keyWarnings(c)), row.says...)
		})
	}
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprint(i))
	}
	if got := firstOf(names); got != "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 20 more" {
		t.Error(got)
	}
}
