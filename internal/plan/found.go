package plan

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// RulesOf returns the rules that follow from what was found. New workers get the
// promised names first, then those of workers that stand in the roster and have no
// server: the server was deleted, and the new worker takes its place.
func RulesOf(v cluster.View, promised []string) Rules {
	leaving := map[string]bool{}
	names := slices.Clone(promised)
	for _, m := range v.Document.Workers {
		leaving[m.Name] = m.Leaving != cluster.Stays
		if _, there := v.Nodes.ByName(m.Name); !there {
			names = append(names, m.Name)
		}
	}
	return Rules{Leaving: func(name string) bool { return leaving[name] }, Names: names}
}

// Sound returns the nodes that may be kept: one server of each name, and no worker
// that an interrupted run of the owner made and did not get to write into the
// roster, because its batch CA died with that run. A worker of another owner that
// is not in the roster yet may still be on its way there.
func Sound(v cluster.View, owner string) cluster.Nodes {
	one, _ := v.Nodes.Distinct(v.Document.Workers)
	return slices.DeleteFunc(one, func(n cluster.Node) bool {
		return n.Role == cluster.RoleWorker && v.HasDocument && n.Owner == owner && !v.Document.Enrolled(n)
	})
}

// WithLatecomers returns the spec with room for sound workers that a plan has not
// seen, such as those that the scaler added after it: the plan shows which workers
// leave, so no other one does. planned holds the names of all nodes that the plan
// promised.
func WithLatecomers(spec cluster.Spec, sound cluster.Nodes, planned []string) cluster.Spec {
	spec.Groups = maps.Clone(spec.Groups)
	for name, g := range spec.Groups {
		for _, w := range sound.Workers(name) {
			if g.Scaling == nil && !w.Unfit() && !slices.Contains(planned, w.Name) && !slices.Contains(g.Retire, w.Name) {
				g.Count++
			}
		}
		spec.Groups[name] = g
	}
	return spec
}
