package decide_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// kept returns what a scaler keeps of a world after a look at it.
func kept(w world) []string {
	_, m := decide.Tick(w.facts, w.policy, w.memory, now)
	return m.Memos(w.facts.Cluster.Document, w.facts.Cluster.Nodes, nil, nil, now)
}

// restarted is the memory of a scaler that was just started, with those memos.
func restarted(memos []string) func(*world) {
	return func(w *world) {
		w.memory = decide.Memory{}.Recall(w.facts.Cluster.Document, memos, now)
	}
}

func ofFlavor(flavor string) func(*world) {
	return func(w *world) {
		w.facts.Cluster.Document.Groups["cpu"] = cluster.GroupSpec{NodeSpec: cluster.NodeSpec{Flavor: flavor, Image: "debian"}}
		for i := range w.facts.Cluster.Nodes {
			w.facts.Cluster.Nodes[i].Flavor, w.facts.Cluster.Nodes[i].Image = flavor, "debian"
		}
	}
}

// No flavor has the number of GPUs. With an empty pool, jobs that need one must not wait for
// ever because the scaler was started anew.
func TestTheSizeOfAWorkerOutlivesTheScaler(t *testing.T) {
	big := queue.Shape{Cpus: 4, MemoryMiB: 7900, DiskKiB: 50_000_000, GPUs: 2}
	before := newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 30), ofFlavor("g1"))
	before.facts.Queue.Workers[0].Total = big
	memos := kept(before)
	asks := queue.Shape{Cpus: 1, MemoryMiB: 1024, GPUs: 1}
	gpuJobs := func(w *world) {
		w.facts.Queue.Jobs = []queue.JobGroup{{Key: "k", Asks: asks, Takes: asks, Count: 4, First: "6.0", Oldest: ago(300)}}
	}
	for _, row := range []struct {
		name   string
		flavor string
		memos  []string
		want   int
	}{
		{"kept", "g1", memos, 2},
		{"nothing kept", "g1", nil, 0},
		{"of another flavor", "g2", memos, 0},
		{"broken", "g1", []string{"", "s", "s.x.y.1", strings.Replace(memos[0], ".4.", ".-4.", 1), strings.Replace(memos[0], ".4.", ".!.", 1)}, 0},
	} {
		w := newWorld(gpuJobs, ofFlavor(row.flavor), restarted(row.memos))
		out, _ := decide.Tick(w.facts, w.policy, w.memory, now)
		if got := out.Demand.Needs["cpu"].Workers; got != row.want {
			t.Errorf("%s: %d new workers, want %d; memos %q", row.name, got, row.want, row.memos)
		}
	}
	// What differs between any two workers is not written anew.
	m := before.memory
	for _, row := range []struct {
		shape queue.Shape
		same  bool
	}{
		{queue.Shape{Cpus: 4, MemoryMiB: 7896, DiskKiB: 49_100_000, GPUs: 2}, true},
		{queue.Shape{Cpus: 4, MemoryMiB: 7100, DiskKiB: 50_000_000, GPUs: 2}, false},
		{queue.Shape{Cpus: 4, MemoryMiB: 7900, DiskKiB: 50_000_000, GPUs: 1}, false},
	} {
		before.facts.Queue.Workers[0].Total = row.shape
		_, m = decide.Tick(before.facts, before.policy, m, now)
		got := m.Memos(before.facts.Cluster.Document, before.facts.Cluster.Nodes, memos, nil, now)
		if same := fmt.Sprint(got) == fmt.Sprint(memos); same != row.same {
			t.Errorf("%+v: %q after %q", row.shape, got, memos)
		}
	}
}

func TestPausesAreKept(t *testing.T) {
	w := newWorld(jobs(8), unmetFor(60), zones("a", "b"),
		failed(3, 240, fault(cluster.FaultNoHost, "a")), failed(1, 60, fault(decide.NotJoined, "")), failed(2, 30, fault(cluster.FaultQuota, "")))
	memos := kept(w)
	if len(memos) != 2 {
		t.Fatalf("memos %q", memos)
	}
	again := newWorld(zones("a", "b"), restarted(memos))
	if len(again.memory.Breakers) != 2 {
		t.Errorf("breakers %+v", again.memory.Breakers)
	}
	for key, got := range again.memory.Breakers {
		want := w.memory.Breakers[key]
		if got.Failures != want.Failures || !got.Until.Equal(want.Until) || !got.Last.Equal(want.Last) || !got.Recalled {
			t.Errorf("%+v: %+v, was %+v", key, got, want)
		}
	}
	// A failure that was counted is not counted again, when its server is found by another scaler.
	broken := newWorld(node("astro-cpu-1", 3000, inError), zones("a", "b"))
	broken.facts.Cluster.Nodes[0].ID, broken.facts.Cluster.Nodes[0].Zone = "one", "a"
	broken.memory = again.memory
	_, m := decide.Tick(broken.facts, broken.policy, broken.memory, now)
	key := decide.FaultKey{Group: "cpu", Zone: "a", Kind: cluster.FaultNoHost}
	if got := m.Breakers[key]; got.Failures != 3 || !got.Until.Equal(w.memory.Breakers[key].Until) {
		t.Errorf("counted again: %+v", got)
	}
	// Nonsense is passed over, as is what is long over or can not be.
	for _, memo := range []string{"b", "b.x", "b.1.2.no_host.zz.!", strings.Join([]string{"b", strings.Split(memos[0], ".")[1], "", "", "1", "zzzzzzz"}, ".")} {
		if m := (decide.Memory{}).Recall(w.facts.Cluster.Document, []string{memo}, now); len(m.Breakers) > 0 {
			t.Errorf("%q: %+v", memo, m.Breakers)
		}
	}
	if m := (decide.Memory{}).Recall(w.facts.Cluster.Document, memos, now.Add(5*time.Hour)); len(m.Breakers) > 0 {
		t.Errorf("hours later: %+v", m.Breakers)
	}
}

func TestServersThatAreGoneAreKept(t *testing.T) {
	const id, volume = "0d9b1f3e-6d0a-4f8c-9a52-0c6f6f1f2a11", "7b5c2a90-3e4d-4f6a-8b1c-2d3e4f5a6b7c"
	w := newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 30))
	w.facts.Cluster.Nodes[0].ID, w.facts.Cluster.Nodes[0].Volumes = id, []string{volume}
	_, m := decide.Tick(w.facts, w.policy, w.memory, now)
	doc, nodes := w.facts.Cluster.Document, w.facts.Cluster.Nodes
	for _, memo := range m.Memos(doc, nodes, nil, nil, now) {
		if strings.Contains(memo, id) {
			t.Errorf("a server that is there is noted: %s", memo)
		}
	}
	going := m.Memos(doc, nodes, nil, []string{id}, now)
	later := now.Add(400 * time.Second)
	stays := m.Memos(doc, nil, going, nil, later)
	if !slices.Equal(going[len(going)-2:], stays[len(stays)-2:]) {
		t.Errorf("written anew: %q, then %q", going, stays)
	}
	for _, memo := range going {
		if len(memo) > cluster.MaxMemo || strings.ContainsAny(memo, "/,") {
			t.Errorf("%q is no tag", memo)
		}
	}
	empty := newWorld(restarted(going))
	out, _ := decide.Tick(empty.facts, empty.policy, empty.memory, now.Add(10*time.Second))
	if len(out.Decision.Collect) > 0 {
		t.Errorf("before the grace: %+v", out.Decision.Collect)
	}
	empty.facts.Queue.JobsAt, empty.facts.Queue.WorkersAt = later, later
	out, _ = decide.Tick(empty.facts, empty.policy, empty.memory, later)
	if len(out.Decision.Collect) != 1 || out.Decision.Collect[0].Server != id || !slices.Equal(out.Decision.Collect[0].Volumes, []string{volume}) {
		t.Errorf("collects %+v", out.Decision.Collect)
	}
}

// However much there is to keep, it fits on a server beside its own tags.
func TestMemosAreBounded(t *testing.T) {
	w := newWorld()
	m := w.memory
	m.Servers, m.Learned = map[string]decide.Past{}, map[string]decide.Learned{}
	for i := range 100 {
		group := fmt.Sprintf("group-with-a-rather-long-name-%d", i)
		w.facts.Cluster.Document.Groups[group] = cluster.GroupSpec{NodeSpec: cluster.NodeSpec{Flavor: "f"}}
		m.Learned[group] = decide.Learned{Shape: queue.Shape{Cpus: 256, MemoryMiB: 4_000_000, DiskKiB: 30_000_000_000, GPUs: 16}, Flavor: "f"}
		m = m.Failed(ago(i), decide.Fault{Group: group, Zone: "zone-of-a-long-name", Kind: cluster.FaultRateLimited}, decide.Fault{Group: group, Zone: "z", Kind: cluster.FaultUnavailable})
		m.Servers[fmt.Sprintf("0d9b1f3e-6d0a-4f8c-9a52-%012d", i)] = decide.Past{Seen: ago(i), Volumes: []string{fmt.Sprintf("1d9b1f3e-6d0a-4f8c-9a52-%012d", i), "x"}}
	}
	memos := m.Memos(w.facts.Cluster.Document, nil, nil, nil, now)
	if len(memos) < 30 || len(memos) > 42 {
		t.Errorf("%d memos", len(memos))
	}
	seen := map[string]bool{}
	for _, memo := range memos {
		if len(memo) > cluster.MaxMemo || seen[memo] {
			t.Errorf("%q has %d characters", memo, len(memo))
		}
		seen[memo] = true
	}
}

// Memos are read by earlier and later versions of the scaler: these were written by an
// earlier one.
func TestTheFormOfMemosStays(t *testing.T) {
	const id, volume = "0d9b1f3e-6d0a-4f8c-9a52-0c6f6f1f2a11", "7b5c2a90-3e4d-4f6a-8b1c-2d3e4f5a6b7c"
	memos := []string{
		"s.68ab84.a4380d.4.63g.tro8w.2",
		"b.68ab84.ca9781.no_host.1.towk6o",
		"g." + id + ".towjx8",
		"v." + volume + ".fe6b6f",
	}
	w := newWorld(ofFlavor("g1"), zones("a"))
	m := decide.Memory{}.Failed(ago(60), fault(cluster.FaultNoHost, "a"))
	m.Learned = map[string]decide.Learned{"cpu": {Shape: queue.Shape{Cpus: 4, MemoryMiB: 7900, DiskKiB: 50_000_000, GPUs: 2}, Flavor: "g1", Image: "debian"}}
	m.Servers = map[string]decide.Past{id: {Seen: ago(100), Volumes: []string{volume}}}
	if got := m.Memos(w.facts.Cluster.Document, nil, nil, nil, now); !slices.Equal(got, memos) {
		t.Errorf("written %q", got)
	}
	read := decide.Memory{}.Recall(w.facts.Cluster.Document, memos, now)
	if got := read.Memos(w.facts.Cluster.Document, nil, nil, nil, now); !slices.Equal(got, memos) {
		t.Errorf("read and written again %q", got)
	}
}
