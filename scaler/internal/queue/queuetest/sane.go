package queuetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Problems returns in which respects a snapshot is none that an adapter may return.
func Problems(s queue.Snapshot) []string {
	p := problems{traits: s.Traits}
	if s.Running < 0 {
		p.add("%d jobs run", s.Running)
	}
	keys, names := map[string]bool{}, map[string]bool{}
	for _, g := range s.Jobs {
		if keys[g.Key] || g.Key == "" {
			p.add("two groups of jobs have the key %q", g.Key)
		}
		keys[g.Key] = true
		p.group(g)
	}
	for _, k := range s.Skipped {
		if k.Count < 1 || k.Why == "" || !s.Traits.IsJobID(k.First) {
			p.add("skipped: %+v", k)
		}
	}
	for node, n := range s.OnNode {
		if node == "" || n < 0 {
			p.add("%d jobs on node %q", n, node)
		}
	}
	if len(s.Claims) > queue.MostClaims {
		p.add("%d claims", len(s.Claims))
	}
	for _, w := range s.Workers {
		if w.Identity != "" && w.Identity != w.Name {
			p.add("worker %s has proved to be %s", w.Name, w.Identity)
		}
		if names[w.Name] || w.Name == "" {
			p.add("two workers have the name %q", w.Name)
		}
		names[w.Name] = true
		p.worker(w)
	}
	for _, at := range []time.Time{s.JobsAt, s.WorkersAt, s.PoolSince} {
		p.time("the snapshot", at)
	}
	p.text(s)
	return p.all
}

type problems struct {
	traits queue.Traits
	all    []string
}

func (p *problems) add(format string, args ...any) {
	p.all = append(p.all, fmt.Sprintf(format, args...))
}

func (p *problems) group(g queue.JobGroup) {
	if g.Count < 1 || !p.traits.IsJobID(g.First) {
		p.add("%d jobs of %q", g.Count, g.First)
	}
	if g.Nodes < 0 || g.Tasks < 0 || g.Tasks > 0 && g.Nodes > g.Tasks || negative(g.Asks) || g.Takes.Holds(g.Asks, 1) == 0 {
		p.add("jobs of %s ask for %+v in %d tasks on %d nodes and take %+v", g.First, g.Asks, g.Tasks, g.Nodes, g.Takes)
	}
	if r := g.Requires; r != nil && (len(r.Clauses) == 0 || strings.TrimSpace(strings.Join(r.Clauses, "")) == "") {
		p.add("jobs of %s have a requirement without clauses", g.First)
	}
	p.time("the oldest job of "+g.First, g.Oldest)
}

func (p *problems) worker(w queue.Worker) {
	if w.Name != strings.ToLower(w.Name) || w.Slots < 1 || w.Running < 0 {
		p.add("worker %q has %d slots, %d claimed", w.Name, w.Slots, w.Running)
	}
	if negative(w.Total) || negative(w.Free) || w.Total.Cpus < w.Free.Cpus || w.Total.MemoryMiB < w.Free.MemoryMiB || w.Total.GPUs < w.Free.GPUs {
		p.add("worker %s has %+v of %+v free", w.Name, w.Free, w.Total)
	}
	for name := range w.Attributes {
		if name == "" || name != strings.ToLower(name) {
			p.add("worker %s: attribute %q is not in lower case", w.Name, name)
		}
	}
	for _, at := range []time.Time{w.IdleSince, w.HeardAt, w.Started} {
		p.time("worker "+w.Name, at)
	}
}

func negative(s queue.Shape) bool {
	return s.Cpus < 0 || s.MemoryMiB < 0 || s.DiskKiB < 0 || s.GPUs < 0
}

func (p *problems) time(of string, at time.Time) {
	if !at.Equal(at.Round(0)) || at.Location() != time.UTC || at.After(time.Now()) {
		p.add("%s: the time %s is not in UTC, or in the future", of, at)
	}
}

// text checks that the whole has a JSON form from which nothing is lost.
func (p *problems) text(s queue.Snapshot) {
	raw, err := json.Marshal(s)
	if err != nil {
		p.add("%v", err)
	}
	// What is no UTF-8 is written as this character.
	if !utf8.Valid(raw) || strings.Contains(string(raw), `\ufffd`) {
		p.add("some of its text is no UTF-8")
	}
}
