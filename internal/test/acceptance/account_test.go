//go:build acceptance

package acceptance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// account records one list of the cloud's servers: workers that came, workers that
// went, and whether there were more workers than wanted or two of one name.
func (w *world) account(nodes cluster.Nodes, now time.Time) {
	workers, servers, there := 0, map[string]int{}, map[string]bool{}
	for _, n := range nodes {
		if n.Status == cluster.StatusActive && w.active[n.ID].IsZero() {
			w.active[n.ID] = now
		}
		if n.Role != cluster.RoleWorker {
			continue
		}
		there[n.ID] = true
		l := w.lives[n.ID]
		if l == nil {
			l = &lifetime{name: n.Name, created: n.Created}
			w.lives[n.ID] = l
		}
		l.active = w.active[n.ID]
		if !n.Ending() {
			workers++
			servers[n.Name]++
		}
	}
	for id, l := range w.lives {
		if !there[id] && l.gone.IsZero() {
			l.gone = now
		}
	}
	for name, n := range servers {
		if n > 1 {
			if _, known := w.twins[name]; !known {
				w.t.Logf("%d servers have the name %s", n, name)
			}
			w.twins[name] += now.Sub(w.looked)
		}
	}
	if workers > w.most && workers > w.peak {
		w.t.Errorf("there are %d workers, %d are wanted", workers, w.most)
	}
	w.peak, w.looked = max(w.peak, workers), now
}

// workers returns the cluster's workers by the latest look.
func (w *world) workers() cluster.Nodes {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nodes.Workers("")
}

// roster counts the workers in the cluster document.
func (w *world) roster() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	fe, _ := w.nodes.FrontEnd()
	d, err := cluster.DecodeDocument(fe.Metadata)
	if err != nil {
		return -1
	}
	return len(d.Workers)
}

// goneSince counts the workers that went after a moment.
func (w *world) goneSince(since time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, l := range w.lives {
		if l.gone.After(since) {
			n++
		}
	}
	return n
}

// ids of the servers that were ever seen.
func (w *world) ids() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.active))
}

// expectOneEach expects that two servers of one name were never in the pool at the same
// time, and that a second server of one name was deleted as soon as it could be seen.
func (w *world) expectOneEach(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, long := range w.twins {
		t.Errorf("two servers had the name %s, for about %s", name, long.Round(time.Second))
	}
	for id, a := range w.lives {
		for other, b := range w.lives {
			if id < other && a.name == b.name && !a.booted.IsZero() && !b.booted.IsZero() && overlap(a, b) {
				t.Errorf("%s was in the pool as %s and as %s at one time", a.name, id, other)
			}
		}
	}
	t.Logf("%d servers were made, %d at one time", len(w.lives), w.peak)
}

func overlap(a, b *lifetime) bool {
	return (a.gone.IsZero() || a.gone.After(b.booted)) && (b.gone.IsZero() || b.gone.After(a.booted))
}

// times logs how long it took from the submission of jobs to their first run, in
// its parts: the workers are of one wave, made for these jobs.
func (w *world) times(t *testing.T, submitted time.Time, decided map[string]time.Time, jobs []job) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	began := first(jobs)
	parts := map[string][]time.Duration{}
	note := func(part string, from, to time.Time) {
		if !from.IsZero() && !to.IsZero() {
			parts[part] = append(parts[part], max(0, to.Sub(from)))
		}
	}
	for _, l := range w.lives {
		at, run := decided[l.name], began[l.name]
		if at.IsZero() || run.IsZero() {
			continue
		}
		note("1 hold and turn (submit to decision)", submitted, at)
		note("2 create (decision to POST answered)", at, l.created)
		note("3 build (to ACTIVE, as seen)", l.created, l.active)
		note("4 roster and boot (simulated boot 5 s)", l.active, l.booted)
		note("5 join (to the collector, as seen)", l.booted, l.joined)
		note("6 negotiation (to the job's start)", l.joined, run)
		note("7 all", submitted, run)
	}
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		d := parts[part]
		slices.Sort(d)
		at := func(share float64) time.Duration {
			return d[int(share*float64(len(d)-1))].Round(100 * time.Millisecond)
		}
		t.Logf("%-42s n=%d min %s, median %s, 90 %% %s, max %s", part, len(d), at(0), at(0.5), at(0.9), at(1))
	}
}

// await repeats ok until it returns true. On a timeout the last text is the error.
func await(t *testing.T, what string, within time.Duration, ok func() (string, bool)) {
	t.Helper()
	start, told := time.Now(), time.Now()
	for {
		text, done := ok()
		switch {
		case done:
			t.Logf("%s: after %s", what, time.Since(start).Round(time.Second))
			return
		case time.Since(start) > within:
			t.Fatalf("not within %s: %s; %s", within, what, text)
		case time.Since(told) > 30*time.Second:
			told = time.Now()
			t.Logf("%s … %s", what, text)
		}
		time.Sleep(3 * time.Second) // each look costs the machine something
	}
}

// phases counts workers by status, for the log.
func phases(nodes cluster.Nodes) string {
	counts := map[cluster.Status]int{}
	for _, n := range nodes {
		counts[n.Status]++
	}
	var out []string
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%d %s", counts[s], s))
	}
	return strings.Join(out, ", ")
}
