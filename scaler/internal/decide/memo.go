package decide

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// A memo is a line of memory that outlives the scaler, as a tag on the front-end's
// server. It holds what a new scaler could learn neither from the cloud nor from the
// pool. Earlier and later versions of the scaler read each other's memos.
//
//	s.GROUP.FLAVOR.CPUS.MEMORY.DISK.GPUS   what a worker of the group really has
//	b.GROUP.ZONE.KIND.FAILURES.UNTIL       a pause after failures
//	g.SERVER.TIME                          a server that is gone, or about to go
//	v.VOLUME.SERVER                        a volume that was to go with it
//	e.TIME                                 when a server was enrolled that had existed for long
//
// Names are hashes, numbers and times (in seconds) are in base 36: a memo has room
// for 45 characters, and a server for 50 tags.
const (
	memoSize   = "s"
	memoPause  = "b"
	memoGone   = "g"
	memoVolume = "v"
	memoLate   = "e"
)

// How many memos of each sort are kept at most: together with the node's own tags and
// leases they fit on a server. Pauses that end last, and servers gone last, are kept
// before others.
const (
	mostSizes   = 12
	mostPauses  = 12
	mostGone    = 8
	mostVolumes = 8
)

// Memos returns the memos that are to be on the front-end. Present are those that are
// there: one that still says enough is not written anew. Going are the IDs of servers
// that are deleted now.
func (m Memory) Memos(doc cluster.Document, nodes cluster.Nodes, present []string, going []string, now time.Time) []string {
	out := m.sizeMemos(doc, present)
	out = append(out, m.pauseMemos(doc, now)...)
	if !m.LateAt.IsZero() && now.Sub(m.LateAt) < forgetLate {
		out = append(out, memoLate+"."+second(m.LateAt))
	}
	return append(out, m.goneMemos(nodes, present, going, now)...)
}

func (m Memory) sizeMemos(doc cluster.Document, present []string) []string {
	var out []string
	for _, group := range slices.Sorted(maps.Keys(doc.Groups)) {
		spec := doc.Groups[group]
		l, ok := m.Learned[group]
		if !ok || l.Flavor != spec.Flavor || l.Image != spec.Image || l.Shape.Cpus == 0 {
			continue
		}
		fields := []string{memoSize, brief(group), brief(l.Flavor, l.Image)}
		text := strings.Join(append(fields, number(l.Shape.Cpus), number(l.Shape.MemoryMiB), number(l.Shape.DiskKiB), number(l.Shape.GPUs)), ".")
		for _, p := range present {
			if was, ok := sizeOf(p, fields[1], fields[2]); ok && near(was, l.Shape) {
				text = p
			}
		}
		out = append(out, text)
	}
	return out[:min(len(out), mostSizes)]
}

// forgetLate is how long a late enrolment is noted: join timeouts are no longer.
const forgetLate = 24 * time.Hour

// largestSize is more than a worker has of anything. Sums of such numbers do not
// overflow.
const largestSize = 1 << 40

// near reports whether two workers' sizes differ by no more than those of any two of
// a group do: by a few pages of memory, and by what is free of the disk.
func near(a, b queue.Shape) bool {
	within := func(a, b, percent int) bool { return 100*max(a-b, b-a) <= percent*b }
	return a.Cpus == b.Cpus && a.GPUs == b.GPUs && within(a.MemoryMiB, b.MemoryMiB, 1) && within(a.DiskKiB, b.DiskKiB, 10)
}

// sizeOf reads the memo of a size; ok is false for one of another group or flavor.
func sizeOf(memo, group, flavor string) (shape queue.Shape, ok bool) {
	f := strings.Split(memo, ".")
	if len(f) != 7 || f[0] != memoSize || f[1] != group || f[2] != flavor {
		return queue.Shape{}, false
	}
	var n [4]int
	for i := range n {
		v, err := strconv.ParseInt(f[3+i], 36, 64)
		if err != nil || v < 0 || v > largestSize {
			return queue.Shape{}, false
		}
		n[i] = int(v)
	}
	return queue.Shape{Cpus: n[0], MemoryMiB: n[1], DiskKiB: n[2], GPUs: n[3]}, n[0] > 0
}

func (m Memory) pauseMemos(doc cluster.Document, now time.Time) []string {
	keys := slices.Collect(maps.Keys(m.Breakers))
	keys = slices.DeleteFunc(keys, func(k FaultKey) bool {
		_, there := doc.Groups[k.Group]
		return !there || blameless(k.Kind) || now.Sub(m.Breakers[k].Until) > forgetFailures
	})
	slices.SortFunc(keys, func(a, b FaultKey) int {
		return cmp.Or(m.Breakers[b].Until.Compare(m.Breakers[a].Until), compareKeys(a, b))
	})
	var out []string
	for _, k := range keys[:min(len(keys), mostPauses)] {
		b := m.Breakers[k]
		out = append(out, strings.Join([]string{memoPause, brief(k.Group), brief(k.Zone), string(k.Kind), number(min(b.Failures, 99)), second(b.Until)}, "."))
	}
	return out
}

// goneMemos returns the memos of servers that are going or gone and whose remains have
// not been looked for.
func (m Memory) goneMemos(nodes cluster.Nodes, present, going []string, now time.Time) []string {
	there, asked := map[string]bool{}, doomed(m.Asked, now)
	for _, n := range nodes {
		there[n.ID] = !slices.Contains(going, n.ID) && !asked[n.ID] && n.Status != cluster.StatusDeleting
	}
	gone := slices.Collect(maps.Keys(m.Servers))
	gone = slices.DeleteFunc(gone, func(id string) bool { return there[id] || now.Sub(m.Servers[id].Seen) > mostCollects*orphanGrace })
	slices.SortFunc(gone, func(a, b string) int {
		return cmp.Or(m.Servers[b].Seen.Compare(m.Servers[a].Seen), strings.Compare(a, b))
	})
	var servers, volumes []string
	for _, id := range gone {
		memo := strings.Join([]string{memoGone, id, second(m.Servers[id].Seen)}, ".")
		if i := slices.IndexFunc(present, func(p string) bool { return strings.HasPrefix(p, memoGone+"."+id+".") }); i >= 0 {
			memo = present[i]
		}
		if len(memo) > cluster.MaxMemo || len(servers) == mostGone {
			continue
		}
		servers = append(servers, memo)
		for _, volume := range m.Servers[id].Volumes {
			if memo := strings.Join([]string{memoVolume, volume, brief(id)}, "."); len(memo) <= cluster.MaxMemo && len(volumes) < mostVolumes {
				volumes = append(volumes, memo)
			}
		}
	}
	return append(servers, volumes...)
}

// Recall returns the memory with what the memos of an earlier scaler say. What this
// scaler knows already is not changed.
func (m Memory) Recall(doc cluster.Document, memos []string, now time.Time) Memory {
	m.Learned, m.Breakers, m.Servers, now = copied(m.Learned), copied(m.Breakers), copied(m.Servers), wall(now)
	for group, spec := range doc.Groups {
		for _, memo := range memos {
			shape, ok := sizeOf(memo, brief(group), brief(spec.Flavor, spec.Image))
			if _, known := m.Learned[group]; ok && !known {
				m.Learned[group] = Learned{Shape: shape, Flavor: spec.Flavor, Image: spec.Image}
			}
		}
	}
	for _, memo := range memos {
		f := strings.Split(memo, ".")
		switch {
		case f[0] == memoPause && len(f) == 6:
			m.recallPause(doc, f, now)
		case f[0] == memoGone && len(f) == 3:
			m.recallGone(f, memos, now)
		case f[0] == memoLate && len(f) == 2:
			if at, ok := instant(f[1]); ok && at.After(m.LateAt) && !at.After(now) {
				m.LateAt = wall(at)
			}
		}
	}
	return m
}

func (m Memory) recallPause(doc cluster.Document, f []string, now time.Time) {
	failures, err := strconv.ParseInt(f[4], 36, 32)
	until, ok := instant(f[5])
	if err != nil || !ok || failures < 1 || until.After(now.Add(mostPause)) || now.Sub(until) > forgetFailures {
		return
	}
	for group, spec := range doc.Groups {
		for _, zone := range append([]string{""}, spec.Zones...) {
			key := FaultKey{Group: group, Zone: zone, Kind: cluster.FaultKind(f[3])}
			if brief(group) != f[1] || brief(zone) != f[2] || !m.Breakers[key].Until.Before(until) {
				continue
			}
			m.Breakers[key] = Breaker{
				Failures: int(failures), Last: until.Add(-pause(int(failures))), Until: until, Recalled: true,
				Why: reason.New(reason.NotedEarlier, reason.Name("fault", f[3])),
			}
		}
	}
}

func (m Memory) recallGone(f, memos []string, now time.Time) {
	noted, ok := instant(f[2])
	if _, known := m.Servers[f[1]]; known || !ok || f[1] == "" || noted.After(now) {
		return
	}
	p := Past{Name: "a worker that was deleted", Seen: noted}
	for _, memo := range memos {
		if v := strings.Split(memo, "."); v[0] == memoVolume && len(v) == 3 && v[2] == brief(f[1]) {
			p.Volumes = append(p.Volumes, v[1])
		}
	}
	m.Servers[f[1]] = p
}

// brief returns a short hash that stands for names that may be long.
func brief(names ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return hex.EncodeToString(sum[:3])
}

func number(n int) string { return strconv.FormatInt(int64(n), 36) }

func second(t time.Time) string { return strconv.FormatInt(t.Unix(), 36) }

func instant(text string) (time.Time, bool) {
	n, err := strconv.ParseInt(text, 36, 64)
	return time.Unix(n, 0), err == nil && n > 0
}
