package terraform

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Group is the entry of one worker group in the variables file.
type Group struct {
	Count  int      `json:"count"`
	Retire []string `json:"retire"` // names of the workers that leave when the count falls
}

// wish is the sum of the decisions of a round.
type wish struct {
	size  map[string]int    // group → least number of workers, without those that leave
	leave map[string]leaver // workers that leave
	// marked are those that leave because they were drained, and only while their
	// mark is set.
	marked map[string]bool
}

// leaver is a worker that leaves. The wish is about its server: at the time of the run
// another server may have the name.
type leaver struct{ group, server string }

func newWish() wish {
	return wish{size: map[string]int{}, leave: map[string]leaver{}, marked: map[string]bool{}}
}

func (w wish) clone() wish {
	return wish{size: maps.Clone(w.size), leave: maps.Clone(w.leave), marked: maps.Clone(w.marked)}
}

// without returns the wish without workers that were called back or made anew.
func (w wish) without(doc cluster.Document, nodes cluster.Nodes) wish {
	w = w.clone()
	for _, m := range doc.Workers {
		if w.marked[m.Name] && m.Leaving == cluster.Stays {
			delete(w.leave, m.Name)
		}
	}
	for name, l := range w.leave {
		if server, there := serverOf(nodes, name, l.server); there && server != l.server {
			delete(w.leave, name)
		}
	}
	return w
}

// inOrder splits a wish into runs. The resource follows retire only where the
// count falls, so a group that changes a worker for another shrinks first.
func (w wish) inOrder() []wish {
	first, then := newWish(), newWish()
	first.leave, first.marked = w.leave, w.marked
	shrinks := map[string]bool{}
	for _, l := range w.leave {
		shrinks[l.group] = true
	}
	for group, size := range w.size {
		if shrinks[group] {
			then.size[group] = size
		} else {
			first.size[group] = size
		}
	}
	return slices.DeleteFunc([]wish{first, then}, wish.empty)
}

// growth returns the wish without the workers that leave.
func (w wish) growth() wish {
	out := newWish()
	maps.Copy(out.size, w.size)
	for _, l := range w.leave {
		if _, grows := out.size[l.group]; grows {
			out.size[l.group]++ // sizes are without those that leave
		}
	}
	return out
}

func (w wish) empty() bool { return len(w.size) == 0 && len(w.leave) == 0 }

func (w wish) equal(o wish) bool { return maps.Equal(w.size, o.size) && maps.Equal(w.leave, o.leave) }

// serverOf returns the ID of the server with a worker's name; of several servers the
// preferred one.
func serverOf(nodes cluster.Nodes, name, preferred string) (id string, there bool) {
	for _, n := range nodes {
		if n.Name == name && !n.Gone() && (!there || n.ID == preferred) {
			id, there = n.ID, true
		}
	}
	return id, there
}

// present returns the names of a group's workers that have a server.
func present(nodes cluster.Nodes, group string) []string {
	var out []string
	for _, n := range nodes {
		if n.Role == cluster.RoleWorker && n.Group == group && !n.Gone() && !slices.Contains(out, n.Name) {
			out = append(out, n.Name)
		}
	}
	slices.SortFunc(out, cluster.CompareNames)
	return out
}

// variables returns the content of the file for a wish: the groups of the wish, and
// those that the file has already.
//
// The count of a group is at least the present number less the workers that leave by
// name, however old the number in the wish is: no worker leaves that the wish does not
// name. And retire holds only present workers, because a name that stayed would hit the
// next worker that gets it. Until another wish comes, the names of workers that have
// left stay in the file, as in the state, so that a plan shows no difference.
func variables(nodes cluster.Nodes, was map[string]Group, w wish) map[string]Group {
	out := map[string]Group{}
	names := slices.Concat(slices.Collect(maps.Keys(was)), slices.Collect(maps.Keys(w.size)))
	for _, l := range w.leave {
		names = append(names, l.group)
	}
	for _, name := range names {
		g := Group{Retire: []string{}}
		for _, worker := range present(nodes, name) {
			if _, leaves := w.leave[worker]; leaves {
				g.Retire = append(g.Retire, worker)
			} else {
				g.Count++
			}
		}
		g.Count = max(g.Count, w.size[name])
		out[name] = g
	}
	return out
}

// unmet reports whether the file differs from the present workers. Workers that are gone
// may still be named.
func unmet(nodes cluster.Nodes, v map[string]Group) bool {
	for name, g := range v {
		there := present(nodes, name)
		if len(there) != g.Count || slices.ContainsFunc(g.Retire, func(worker string) bool { return slices.Contains(there, worker) }) {
			return true
		}
	}
	return false
}

func equalGroups(a, b map[string]Group) bool {
	return maps.EqualFunc(a, b, func(x, y Group) bool { return x.Count == y.Count && slices.Equal(x.Retire, y.Retire) })
}

// withoutRetiring returns the file's wishes without workers that stay after all.
func withoutRetiring(was map[string]Group, stay func(worker string) bool) map[string]Group {
	out := map[string]Group{}
	for name, g := range was {
		retire := []string{}
		for _, worker := range g.Retire {
			if stay(worker) {
				g.Count++
			} else {
				retire = append(retire, worker)
			}
		}
		g.Retire = retire
		out[name] = g
	}
	return out
}
