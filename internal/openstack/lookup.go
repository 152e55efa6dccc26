package openstack

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/agext/levenshtein"
	"github.com/google/uuid"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// lookups finds what users name in a configuration. What it has found and listed it
// keeps.
type lookups struct {
	*services
	images   byName[Image]
	ports    byName[Port]
	volumes  byName[cluster.Volume]
	flavors  list[Flavor]
	zones    list[string]
	networks list[Network]
}

// byName keeps what was found, by the name or ID that was asked for.
type byName[T any] struct {
	lock  sync.Mutex
	found map[string]T
}

func (k *byName[T]) get(wanted string, find func() (T, error)) (T, error) {
	k.lock.Lock()
	kept, ok := k.found[wanted]
	k.lock.Unlock()
	if ok {
		return kept, nil
	}
	found, err := find()
	if err != nil {
		return found, err
	}
	k.lock.Lock()
	defer k.lock.Unlock()
	if k.found == nil {
		k.found = map[string]T{}
	}
	k.found[wanted] = found
	return found, nil
}

// list keeps all objects of one kind.
type list[T any] struct {
	lock   sync.Mutex
	all    []T
	listed bool
}

// find returns what choose picks of the list. A list that was kept is read again if
// choose finds nothing in it.
func (l *list[T]) find(read func() ([]T, error), choose func([]T) (T, error)) (T, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.listed {
		if found, err := choose(l.all); err == nil {
			return found, nil
		}
	}
	if err := l.fill(read); err != nil {
		var zero T
		return zero, err
	}
	return choose(l.all)
}

// findKept returns what choose picks of the list, which is read only once.
func (l *list[T]) findKept(read func() ([]T, error), choose func([]T) (T, error)) (T, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if !l.listed {
		if err := l.fill(read); err != nil {
			var zero T
			return zero, err
		}
	}
	return choose(l.all)
}

func (l *list[T]) fill(read func() ([]T, error)) error {
	all, err := read()
	if err == nil {
		l.all, l.listed = all, true
	}
	return err
}

// candidates is how many names an error of a look-up lists.
const candidates = 5

// named is an object that users know by name or by ID.
type named struct{ id, name string }

// isID reports whether the text may be an object's ID. It is of no use for flavors,
// which have IDs of any form.
func isID(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil
}

// pick returns the one object that wanted names, by ID or by name. An ID is exact, so
// it comes before names.
func pick[T any](what, wanted string, all []T, of func(T) named) (T, error) {
	var zero T
	if i := slices.IndexFunc(all, func(o T) bool { return of(o).id == wanted }); i >= 0 {
		return all[i], nil
	}
	var found []T
	for _, o := range all {
		if of(o).name == wanted {
			found = append(found, o)
		}
	}
	switch len(found) {
	case 0:
		return zero, noMatch(what, wanted, all, of)
	case 1:
		return found[0], nil
	}
	ids := make([]string, 0, len(found))
	for _, o := range found {
		ids = append(ids, of(o).id)
	}
	slices.Sort(ids)
	return zero, &cluster.CloudError{
		Kind:    cluster.FaultAmbiguous,
		Op:      lookUp(what, wanted),
		Message: fmt.Sprintf("%d %ss have this name: %s", len(found), what, strings.Join(ids, ", ")),
	}
}

func lookUp(what, wanted string) string { return fmt.Sprintf("find %s %q", what, wanted) }

// noMatch returns an error that names what there is instead, the closest names first.
func noMatch[T any](what, wanted string, all []T, of func(T) named) error {
	names := make([]string, 0, len(all))
	for _, o := range all {
		if name := of(o).name; name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return notFound(lookUp(what, wanted), "there is no %s at all", what)
	}
	known := "there is " + quoted(names[:min(candidates, len(names))])
	if near := closest(wanted, names); len(near) > 0 {
		known = "close: " + quoted(near)
	} else if more := len(names) - candidates; more > 0 {
		known += fmt.Sprintf(" and %d more", more)
	}
	name := "name or ID"
	if !slices.ContainsFunc(all, func(o T) bool { return of(o).id != of(o).name }) {
		name = "name" // this kind of object has no other ID
	}
	return notFound(lookUp(what, wanted), "no %s has this %s; %s", what, name, known)
}

// quoted lists names in quotation marks, since a name may have any character.
func quoted(names []string) string {
	out := make([]string, 0, len(names))
	for _, name := range names {
		out = append(out, strconv.Quote(name))
	}
	return strings.Join(out, ", ")
}

// closest returns the few of the names that differ little from wanted, upper and lower
// case being the same; the closest comes first.
func closest(wanted string, names []string) []string {
	wanted = strings.ToLower(wanted)
	distance := func(name string) int {
		name = strings.ToLower(name)
		d := levenshtein.Distance(wanted, name, nil)
		if wanted != "" && strings.Contains(name, wanted) {
			d = min(d, 2) // "debian" is close to "debian-13-hpc"
		}
		return d
	}
	near := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return distance(name) > max(2, len(wanted)/2) })
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(distance(a), distance(b)) })
	return near[:min(candidates, len(near))]
}
