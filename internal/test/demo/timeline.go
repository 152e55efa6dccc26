package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// timeline drives the played pool and prints what happens in the cloud and in
// the queue, a line an event.
type timeline struct {
	s     *stage
	start time.Time
	quit  chan struct{}
	over  sync.WaitGroup
	mu    sync.Mutex
	seen  map[string]string // node → what was last said of it
	queue string
	jobs  map[string]bool // those on several workers of which it was said where they run
	peak  int             // workers that had a server at one time
}

func newTimeline(s *stage) *timeline {
	l := &timeline{s: s, start: time.Now(), quit: make(chan struct{}), seen: map[string]string{}, jobs: map[string]bool{}}
	l.over.Go(l.watch)
	return l
}

func (l *timeline) stop() {
	close(l.quit)
	l.over.Wait()
}

func (l *timeline) watch() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-l.quit:
			return
		case now := <-tick.C:
			l.s.pool.step(members(l.s), now)
			l.look()
		}
	}
}

// members names the workers that the batch system lists: joined, and if it does not list
// drained ones, not drained.
func members(s *stage) []string {
	joined := s.sim.Joined()
	if s.batch.listsDrained {
		return joined
	}
	drained := s.sim.Drained()
	return slices.DeleteFunc(joined, func(n string) bool { return slices.Contains(drained, n) })
}

// look prints what has changed since the last look.
func (l *timeline) look() {
	servers := map[string]string{}
	workers := 0
	for _, server := range l.s.cloud.Servers() {
		servers[server.Name] = strings.ToLower(server.Status)
		if server.Name != cluster.FrontEndName("astro") {
			workers++
		}
	}
	now := states(servers, l.s.sim.Joined(), l.s.sim.Drained(), l.seen)
	l.mu.Lock()
	l.peak = max(l.peak, workers)
	before := l.seen
	l.seen = now
	l.mu.Unlock()
	for _, name := range slices.SortedFunc(maps.Keys(now), cluster.CompareNames) {
		if now[name] != before[name] {
			l.say("  %s: %s", name, now[name])
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(before), cluster.CompareNames) {
		if now[name] == "" {
			l.say("  %s: gone", name)
		}
	}
	waiting, running, done := l.s.pool.counts()
	if q := fmt.Sprintf("queue: %d waiting, %d running, %d done", waiting, running, done); q != l.queue && waiting+running+done > 0 {
		l.queue = q
		l.say("  %s", q)
	}
	for _, workers := range l.s.pool.together() {
		if w := strings.Join(workers, " and "); !l.jobs[w] {
			l.jobs[w] = true
			l.say("  one job runs on %s", w)
		}
	}
}

// states returns the state of each node: its server's status, or "joined" or
// "drained". Once the front-end is gone there is no pool to ask, so a worker that
// was in it keeps its last state for as long as its server is active.
func states(servers map[string]string, joined, drained []string, before map[string]string) map[string]string {
	const active, inPool, outOfPool = "active", "joined", "drained"
	now := maps.Clone(servers)
	for name, status := range servers {
		switch {
		case slices.Contains(drained, name):
			now[name] = outOfPool
		case slices.Contains(joined, name):
			now[name] = inPool
		case status == active && (before[name] == inPool || before[name] == outOfPool):
			now[name] = before[name]
		}
	}
	return now
}

func (l *timeline) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Printf("%6.1f s  %s\n", time.Since(l.start).Seconds(), fmt.Sprintf(format, args...))
}
