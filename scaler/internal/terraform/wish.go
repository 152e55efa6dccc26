package terraform

import (
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Group is what the variables file says of one worker group.
type Group struct {
	Count  int      `json:"count"`
	Retire []string `json:"retire"` // who leaves when the count falls
}

// wish is what decisions ask for.
type wish struct {
	size  map[string]int    // group → workers that it is to have at least, beside those that leave
	leave map[string]leaver // workers that go
	// marked are those of them that go because they were drained, and only while
	// they are marked to leave.
	marked map[string]bool
}

// leaver is a worker that goes. The wish is about its server: by the time of the
// run the name may be another one's.
type leaver struct{ group, server string }

func newWish() wish {
	return wish{size: map[string]int{}, leave: map[string]leaver{}, marked: map[string]bool{}}
}

func (w wish) clone() wish {
	return wish{size: maps.Clone(w.size), leave: maps.Clone(w.leave), marked: maps.Clone(w.marked)}
}

// without returns the wish without workers that somebody has called back, or has
// made anew.
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

// growth is what is left of a wish when nobody leaves.
func (w wish) growth() wish {
	out := newWish()
	maps.Copy(out.size, w.size)
	for _, l := range w.leave {
		if _, grows := out.size[l.group]; grows {
			out.size[l.group]++ // sizes are beside those that leave
		}
	}
	return out
}

func (w wish) empty() bool { return len(w.size) == 0 && len(w.leave) == 0 }

func (w wish) equal(o wish) bool { return maps.Equal(w.size, o.size) && maps.Equal(w.leave, o.leave) }

// serverOf returns the ID of the server that has a worker's name; of several the
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

// variables returns what the file is to hold for a wish: of the groups that it
// speaks of, and of those that the file has already.
//
// The count of a group is never below what there is less those that leave by
// name, however old the number in the wish: nobody goes whom no wish names. And
// retire holds only who is there: a name that stayed on would fall upon the next
// worker who gets it. Until another wish comes the names of those who went stand
// there, as in the state, so that a human's plan shows no difference.
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

// unmet tells whether the file asks for something else than there is. Who is gone
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

// withoutRetiring takes workers that stay after all from the file's wishes.
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
