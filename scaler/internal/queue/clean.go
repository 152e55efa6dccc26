package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// Bounds of the texts in a snapshot, in characters. Users of the batch system wrote
// most of them.
const (
	LongestName  = 255 // of a worker, a group
	LongestKey   = 400 // of a kind of jobs: the name of a daemon, and a digest
	LongestID    = 100 // of a job, a server
	longestWords = 300 // for people
	longestText  = 4 << 10
	mostWords    = 100 // texts for people in one list
)

// Bounds of the numbers in a snapshot. Sums of such numbers do not overflow.
const (
	MostJobs   = 1_000_000_000 // jobs of one kind, slots, jobs on a worker
	MostNodes  = 1_000_000     // workers of one job
	MostTasks  = 1_000_000     // tasks of one job
	MostAmount = 1 << 41       // of CPUs, GPUs, MiB of memory, KiB of disk
)

// within returns the number between 0 and a bound that is nearest to n.
func within(n, most int) int { return min(max(n, 0), most) }

func (s *Shape) bound() {
	s.Cpus, s.MemoryMiB, s.DiskKiB, s.GPUs = within(s.Cpus, MostAmount), within(s.MemoryMiB, MostAmount), within(s.DiskKiB, MostAmount), within(s.GPUs, MostAmount)
}

// Cleaned returns a reader whose snapshots and jobs have no text that a terminal, a page
// or a log would act on, and neither texts for people nor numbers beyond a bound. It is a Finder if the
// given one is.
func Cleaned(r Reader) Reader {
	c := cleaned{r}
	if f, ok := r.(Finder); ok {
		return cleanedFinder{c, f}
	}
	return c
}

type cleaned struct{ from Reader }

// Bare returns the reader whose text is cleaned.
func (c cleaned) Bare() Reader { return c.from }

// Bare returns the reader inside of those that this package and its users put around it:
// the adapter's own, which may do more than read.
func Bare(r Reader) Reader {
	for {
		around, is := r.(interface{ Bare() Reader })
		if !is {
			return r
		}
		r = around.Bare()
	}
}

// Read implements Reader.
func (c cleaned) Read(ctx context.Context) (Snapshot, error) {
	s, err := c.from.Read(ctx)
	s.clean()
	return s, err
}

type cleanedFinder struct {
	cleaned
	finder Finder
}

// Find implements Finder.
func (c cleanedFinder) Find(ctx context.Context, id string) (Job, error) {
	j, err := c.finder.Find(ctx, id)
	j.ID, j.State, j.Why, j.Node = text.Line(j.ID, LongestID), text.Line(j.State, LongestName), text.Line(j.Why, longestWords), text.Line(j.Node, LongestName)
	j.Kind.clean(map[*Requirement]*Requirement{})
	return j, err
}

// clean makes all text of a snapshot clean. The snapshot is the caller's alone.
func (s *Snapshot) clean() {
	s.Running = within(s.Running, MostJobs)
	s.Partial, s.LeftOut = words(s.Partial), words(s.LeftOut)
	known := map[*Requirement]*Requirement{}
	for i := range s.Jobs {
		s.Jobs[i].clean(known)
	}
	if n := len(s.Skipped); n > mostWords {
		rest := &s.Skipped[mostWords-1]
		rest.Why = "other reasons"
		for _, k := range s.Skipped[mostWords:] {
			rest.Count += k.Count
		}
		s.Skipped = s.Skipped[:mostWords]
	}
	for i := range s.Skipped {
		k := &s.Skipped[i]
		k.Count = within(k.Count, MostJobs)
		k.Why, k.First = text.Line(k.Why, longestWords), text.Line(k.First, LongestID)
	}
	nodes := make(map[string]int, len(s.OnNode))
	for name, n := range s.OnNode {
		nodes[text.Line(name, LongestName)] += within(n, MostJobs)
	}
	if s.OnNode != nil {
		s.OnNode = nodes
	}
	for i := range s.Workers {
		w := &s.Workers[i]
		w.Name, w.Server, w.State = text.Line(w.Name, LongestName), text.Line(w.Server, LongestID), text.Line(w.State, LongestID)
		w.Identity, w.Address = text.Line(w.Identity, LongestName), text.Line(w.Address, LongestID)
		w.Attributes.clean()
		w.Slots, w.Running = within(w.Slots, MostJobs), within(w.Running, MostJobs)
		w.Total.bound()
	}
	s.Claims = s.Claims[:min(len(s.Claims), MostClaims)]
	for i := range s.Claims {
		c := &s.Claims[i]
		c.Node, c.By = text.Line(c.Node, LongestName), text.Line(c.By, LongestName)
	}
}

// words returns texts for people.
func words(list []string) []string {
	for i := range list {
		list[i] = text.Line(list[i], longestWords)
	}
	if n := len(list); n > mostWords {
		list = append(list[:mostWords-1], fmt.Sprintf("and %d more", n-mostWords+1))
	}
	return list
}

func (g *JobGroup) clean(known map[*Requirement]*Requirement) {
	g.Key, g.First = text.Line(g.Key, LongestKey), text.Line(g.First, LongestID)
	g.Count, g.Nodes, g.Tasks = within(g.Count, MostJobs), within(g.Nodes, MostNodes), within(g.Tasks, MostTasks)
	g.Asks.bound()
	g.Takes.bound()
	g.Group, g.Blocked = text.Line(g.Group, LongestName), text.Line(g.Blocked, longestWords)
	if g.Requires == nil || g.Requires.isClean() {
		return
	}
	if known[g.Requires] == nil {
		known[g.Requires] = g.Requires.cleaned()
	}
	g.Requires = known[g.Requires]
}

func (r *Requirement) isClean() bool {
	for _, c := range r.Clauses {
		if text.Clean(c) != c {
			return false
		}
	}
	for name, v := range r.Job {
		if text.Clean(name) != name || text.Clean(v) != v {
			return false
		}
	}
	return len(r.NotJudged) == 0
}

// cleaned returns the requirement with clean text. A clause and an attribute that it is
// compared with are changed alike.
func (r *Requirement) cleaned() *Requirement {
	out := *r
	out.Clauses = slices.Clone(r.Clauses)
	for i, c := range out.Clauses {
		out.Clauses[i] = text.Clean(c)
	}
	out.Job = maps.Clone(r.Job)
	for name, v := range r.Job {
		delete(out.Job, name)
		out.Job[text.Clean(name)] = text.Clean(v)
	}
	out.NotJudged = words(slices.Clone(r.NotJudged))
	return &out
}

// clean makes names and texts clean. A text that is too long is not known.
func (a Attributes) clean() {
	for name, v := range a {
		s, is := v.(string)
		if key := text.Clean(name); key != name || len(name) > LongestName {
			delete(a, name)
			continue
		}
		switch {
		case !is:
		case len(s) > longestText:
			delete(a, name)
		default:
			if c := text.Clean(s); c != s {
				a[name] = strings.Clone(c)
			}
		}
	}
}
