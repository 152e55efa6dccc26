package plan

import (
	"maps"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// RulesOf returns the rules that follow from what was found. New workers get the
// promised names first, then those of workers that stand in the roster and have no
// server: the server was deleted, and the new worker takes its place. A worker that is in
// no roster runs nothing, so it leaves as soon as one that is asked to leave.
func RulesOf(v cluster.View, promised []string) Rules {
	leaving := map[string]bool{}
	for _, n := range v.Nodes.Workers("") {
		leaving[n.Name] = v.HasDocument && !v.Document.Enrolled(n)
	}
	names := slices.Clone(promised)
	for _, m := range v.Document.Workers {
		leaving[m.Name] = leaving[m.Name] || m.Leaving != cluster.Stays
		if _, there := v.Nodes.ByName(m.Name); !there {
			names = append(names, m.Name)
		}
	}
	return Rules{Leaving: func(name string) bool { return leaving[name] }, Names: names}
}

// Sound returns the nodes that may be kept: one server of each name, and no worker of the
// owner's that is in no roster and can't be enrolled either (Strays). Such a worker of
// another owner is that one's to judge.
func Sound(v cluster.View, owner string, now time.Time) cluster.Nodes {
	one, _ := v.Nodes.Distinct(v.Document.Workers)
	return slices.DeleteFunc(one, func(n cluster.Node) bool {
		return unenrolled(v, owner, n) && v.Document.Unenrollable(n, now) != ""
	})
}

// Unenrolled returns the owner's workers that are in no roster yet, can be enrolled and need
// no repair, whichever run made them.
func Unenrolled(v cluster.View, owner string, now time.Time) cluster.Nodes {
	return slices.DeleteFunc(Sound(v, owner, now), func(n cluster.Node) bool { return n.Unfit() || !unenrolled(v, owner, n) })
}

// Strays returns the owner's servers that are workers of no roster and can't be enrolled:
// no front-end can ever join them.
func Strays(v cluster.View, owner string, now time.Time) cluster.Nodes {
	return slices.DeleteFunc(slices.Clone(v.Nodes), func(n cluster.Node) bool {
		return !unenrolled(v, owner, n) || v.Document.Unenrollable(n, now) == ""
	})
}

func unenrolled(v cluster.View, owner string, n cluster.Node) bool {
	return n.Role == cluster.RoleWorker && v.HasDocument && n.Owner == owner && !v.Document.Enrolled(n)
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
