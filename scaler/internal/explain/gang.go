package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// mostNamed bounds the workers that a line names.
const mostNamed = 5

// asks returns what each job of a kind asks for.
func asks(g *queue.JobGroup) string {
	if !g.IsGang() {
		return g.Asks.String()
	}
	out := fmt.Sprintf("%d workers of %s at once", g.Workers(), g.Asks)
	if g.Tasks > 0 {
		out = fmt.Sprintf("%d tasks of %s at once", g.Tasks, g.Asks)
		if g.Workers() > 1 {
			out += fmt.Sprintf(", on at least %d workers", g.Workers())
		}
	}
	if g.OneGroup {
		out += ", all of one group"
	}
	return out
}

// workersOf returns where jobs of a kind are packed that run on several workers each, if
// some of these workers are not ready.
func workersOf(key string, r record.Record) []string {
	var ready, coming, called []string
	for _, p := range r.Demand.Placements {
		if p.Key != key || p.Elsewhere == 0 && p.Phase != fleet.Booting && p.Phase != fleet.Leaving {
			continue
		}
		switch p.Phase {
		case fleet.Booting:
			coming = append(coming, p.Worker)
		case fleet.Leaving:
			called = append(called, p.Worker)
		default:
			ready = append(ready, p.Worker)
		}
	}
	made := toBeMade(key, r)
	if len(ready) == 0 && len(made) == 0 || len(coming)+len(called)+len(made) == 0 {
		return nil
	}
	var parts []string
	for _, part := range []struct {
		what  string
		names []string
	}{{"ready and kept for them", ready}, {"on their way", coming}, {"to be called back", called}, {"to be made together", made}} {
		if len(part.names) > 0 {
			parts = append(parts, part.what+": "+some(part.names))
		}
	}
	return []string{"Each starts when all of its workers are there. " + upper(strings.Join(parts, "; ")) + "."}
}

// toBeMade returns the new workers that jobs of a kind need which run on several workers.
func toBeMade(key string, r record.Record) []string {
	count := gangsOf(key, r)
	var out []string
	for _, group := range slices.Sorted(maps.Keys(count)) {
		out = append(out, fmt.Sprintf("%d of group %s", count[group], group))
	}
	return out
}

// gangsOf returns the number of those workers by group.
func gangsOf(key string, r record.Record) map[string]int {
	count := map[string]int{}
	for _, g := range r.Demand.Gangs {
		if g.Key == key {
			for group, n := range g.New {
				count[group] += n
			}
		}
	}
	return count
}

// needed returns the groups whose new workers a kind of jobs may get.
func needed(kind queue.JobGroup, r record.Record) map[string]int {
	out := gangsOf(kind.Key, r)
	if len(out) == 0 {
		for group, need := range r.Demand.Needs {
			if kind.Group == "" || kind.Group == group {
				out[group] = need.Workers
			}
		}
	}
	return out
}

// some returns the first of the names, and how many more there are.
func some(names []string) string {
	if len(names) > mostNamed {
		names = append(slices.Clip(names[:mostNamed]), fmt.Sprintf("and %d more", len(names)-mostNamed))
	}
	return strings.Join(names, ", ")
}
