package decide_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// cloudy makes up rounds of a cluster in which everything happens: workers come, join,
// fail, vanish and leave, jobs come and go, facts are partial, zones fail. The same
// seed makes the same rounds.
type cloudy struct {
	*rand.Rand
	policy decide.Policy
	doc    cluster.Document
	nodes  cluster.Nodes
	made   int
	at     time.Time
}

func newCloudy(seed uint64) *cloudy {
	c := &cloudy{Rand: rand.New(rand.NewPCG(seed, 1)), policy: decide.DefaultPolicy(), at: now}
	c.doc = cluster.Document{ID: "c1", Name: "astro", Generation: 7, Groups: map[string]cluster.GroupSpec{}}
	groups := []string{"cpu", "gpu", "s", "m"}[:1+c.IntN(4)]
	for i, name := range groups {
		spec := cluster.GroupSpec{NodeSpec: cluster.NodeSpec{Flavor: fmt.Sprint("f", c.IntN(3)), Image: "debian"}}
		if c.maybe(2) {
			spec.Zones = []string{"a", "b", "c"}[:1+c.IntN(3)]
		}
		if c.maybe(3) {
			spec.Scaling = &cluster.Scaling{Min: c.IntN(3), Max: 3 + c.IntN(20)}
		}
		c.doc.Groups[name] = spec
		if i == 0 || c.maybe(2) {
			c.policy.Groups[name] = decide.Bounds{Min: c.IntN(3), Max: c.IntN(20) - 1, Priority: c.IntN(2), Spare: c.IntN(3)}
		}
	}
	if c.maybe(2) {
		c.policy.MaxCreate, c.policy.MaxRemove, c.policy.MaxInFlight = 1+c.IntN(4), 1+c.IntN(3), 1+c.IntN(8)
		c.policy.OutCooldown, c.policy.InCooldown = c.seconds(300), c.seconds(300)
	}
	if c.maybe(3) {
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			panic(err)
		}
		c.policy.Schedules = map[string][]decide.Window{"cpu": {
			{Days: []time.Weekday{time.Sunday, time.Monday}, From: 8 * 60, To: 18 * 60, Min: 2, Zone: berlin}, {From: 22 * 60, To: 6 * 60, Min: 1, Zone: time.UTC},
		}}
	}
	return c
}

// maybe is true once in n times.
func (c *cloudy) maybe(n int) bool { return c.IntN(n) == 0 }

func (c *cloudy) seconds(most int) time.Duration { return time.Duration(c.IntN(most)) * time.Second }

// round goes on for a while and returns what is read then.
func (c *cloudy) round() decide.Facts {
	c.at = c.at.Add(10*time.Second + c.seconds(400))
	c.turnover()
	f := decide.Facts{
		Flavors: map[string]queue.Shape{}, Sizes: map[string]decide.Size{}, Room: c.room(),
		Cluster: cluster.View{Nodes: slices.Clone(c.nodes), Document: c.document(), HasDocument: true},
		Queue:   c.snapshot(),
	}
	for _, group := range c.groups() {
		f.Flavors[group] = queue.Shape{Cpus: 1 << c.IntN(5), MemoryMiB: 2000 << c.IntN(4)}
		f.Sizes[group] = decide.Size{Cores: 1 << c.IntN(5), RAMMiB: 2048}
	}
	if c.maybe(2) {
		f.Cluster.HasReport = true
		f.Cluster.Report = cluster.Report{Generation: c.doc.Generation - int64(c.IntN(2)), Drained: c.folded(), Busy: c.folded()}
	}
	return f
}

func (c *cloudy) groups() []string {
	names := []string{}
	for _, name := range []string{"cpu", "gpu", "s", "m"} {
		if _, ok := c.doc.Groups[name]; ok {
			names = append(names, name)
		}
	}
	return names
}

func (c *cloudy) room() decide.Room {
	limit := func() *int {
		if n := c.IntN(40); n < 30 {
			return &n
		}
		return nil
	}
	if c.maybe(2) {
		return decide.Room{}
	}
	return decide.Room{Instances: limit(), Cores: limit(), RAMMiB: limit()}
}

// folded names the first workers of a group as the front-end's report does.
func (c *cloudy) folded() string {
	if c.maybe(3) {
		return ""
	}
	return fmt.Sprintf("%s[%d-%d]", c.groups()[0], 1, 1+c.IntN(4))
}

// turnover adds servers and takes some away.
func (c *cloudy) turnover() {
	c.nodes = slices.DeleteFunc(c.nodes, func(cluster.Node) bool { return c.maybe(8) })
	for range c.IntN(4) {
		c.made++
		group := c.groups()[c.IntN(len(c.doc.Groups))]
		n := cluster.Node{
			ID: fmt.Sprint("server-", c.made), Name: cluster.WorkerName("astro", group, 1+c.IntN(6)), Role: cluster.RoleWorker, Group: group,
			Status: cluster.StatusActive, Created: c.at.Add(-c.seconds(2000)), Flavor: c.doc.Groups[group].Flavor, Image: "debian",
			Address: fmt.Sprint("10.0.0.", c.made), Protected: c.maybe(12), Volumes: []string{fmt.Sprint("v", c.made)},
		}
		if zones := c.doc.Groups[group].Zones; len(zones) > 0 {
			n.Zone = zones[c.IntN(len(zones))]
		}
		if c.maybe(3) {
			n.Batch = fmt.Sprint("batch-", c.IntN(2))
		}
		c.nodes = append(c.nodes, n)
	}
	for i := range c.nodes {
		if c.maybe(12) {
			c.nodes[i].Status = []cluster.Status{cluster.StatusError, cluster.StatusShutoff, cluster.StatusUnknown, cluster.StatusBuild, cluster.StatusDeleting}[c.IntN(5)]
			c.nodes[i].Fault = nil
			if c.nodes[i].Status == cluster.StatusError {
				c.nodes[i].Fault = &cluster.Fault{Message: "No valid host was found."}
			}
		}
	}
}

// document lists most of the servers, and one that is not there.
func (c *cloudy) document() cluster.Document {
	d := c.doc
	d.Workers = nil
	listed := map[string]bool{}
	for _, n := range append(slices.Clone(c.nodes), cluster.Node{Name: "astro-cpu-9"}) {
		if listed[n.Name] || c.maybe(8) {
			continue
		}
		listed[n.Name] = true
		m := cluster.Member{Name: n.Name, Address: n.Address, Batch: n.Batch}
		if c.maybe(4) {
			m.Leaving = cluster.LeaveIdle
		}
		if c.maybe(12) {
			m.Leaving = cluster.LeaveJobsOK
		}
		d.Workers = append(d.Workers, m)
	}
	return d
}

func (c *cloudy) snapshot() queue.Snapshot {
	s := queue.Snapshot{Traits: queuetest.Traits(), Running: c.IntN(50), OnNode: map[string]int{}, JobsAt: c.at.Add(-c.seconds(5)), WorkersAt: c.at.Add(-c.seconds(5)), PoolSince: ago(36000)}
	if c.maybe(10) {
		s.Partial = []string{"one daemon did not answer"}
	}
	if c.maybe(20) {
		s.PoolSince = c.at.Add(-100 * time.Second)
	}
	for i := range c.IntN(5) {
		asks := queue.Shape{Cpus: 1 + c.IntN(8), MemoryMiB: 500 * (1 + c.IntN(8))}
		g := queue.JobGroup{Key: fmt.Sprint("k", i), Asks: asks, Takes: asks, Count: 1 + c.IntN(30), First: fmt.Sprint(i, ".0"), Oldest: c.at.Add(-c.seconds(1500))}
		switch c.IntN(9) {
		case 0, 1:
			g.Nodes, g.OneGroup = 1+c.IntN(6), c.maybe(3)
		case 8:
			g.Tasks, g.Nodes = 1+c.IntN(30), c.IntN(4)
		case 2:
			g.Exclusive = true
		case 3:
			g.Blocked = "waits for another job"
		case 4:
			g.Requires = queuetest.Has("site", "here")
		}
		if c.maybe(4) {
			g.Group = []string{"cpu", "gpu", "nowhere"}[c.IntN(3)]
		}
		s.Jobs = append(s.Jobs, g)
	}
	if c.maybe(3) {
		s.Skipped = []queue.Skipped{{Why: "deferred", Count: 2, First: "9.0"}}
	}
	s.Workers = c.members(s.OnNode)
	return s
}

// members are the workers in the pool, and two from elsewhere.
func (c *cloudy) members(onNode map[string]int) []queue.Worker {
	var out []queue.Worker
	seen := map[string]bool{}
	for _, n := range append(slices.Clone(c.nodes), cluster.Node{Name: "desktop"}, cluster.Node{Name: "laptop"}) {
		if seen[n.Name] || c.maybe(4) {
			continue
		}
		seen[n.Name] = true
		total := queue.Shape{Cpus: 4, MemoryMiB: 8000, DiskKiB: 1_000_000, GPUs: c.IntN(2)}
		w := queue.Worker{
			Name: n.Name, Slots: 1, Total: total, Free: total, RanBefore: c.maybe(2), IdleSince: c.at.Add(-c.seconds(1200)), HeardAt: c.at,
			Started: n.Created.Add(c.seconds(300)), State: "Unclaimed/Idle", Draining: c.maybe(10),
			Attributes: queue.Attributes{"arch": "x86_64", "machine": n.Name + ".example.org", "has_disk": true, "level": 2.5, "site": nil},
		}
		if c.maybe(3) {
			w.Server = n.ID
		}
		if c.maybe(2) {
			w.Running = 1 + c.IntN(3)
			w.Free = total.Take(queue.Shape{Cpus: 1, MemoryMiB: 1000}, w.Running)
		}
		if c.maybe(8) {
			onNode[n.Name] = 1
		}
		out = append(out, w)
	}
	return out
}

// faults are what an attempt to make workers may bring.
func (c *cloudy) faults() []decide.Fault {
	var out []decide.Fault
	for range c.IntN(3) {
		group := c.groups()[c.IntN(len(c.doc.Groups))]
		kind := []cluster.FaultKind{cluster.FaultNoHost, cluster.FaultQuota, cluster.FaultVolume, cluster.FaultImage, decide.NotJoined}[c.IntN(5)]
		out = append(out, decide.Fault{Group: group, Zone: []string{"", "a", "b"}[c.IntN(3)], Kind: kind, Why: reason.Said(fmt.Sprint("no luck ", c.IntN(3)))})
	}
	return out
}

// play calls do for each round of each of the seeds, with a memory that goes on from
// round to round. Every other scaler has been running before; the others have just
// been started.
func play(seeds, rounds int, do func(f decide.Facts, p decide.Policy, m decide.Memory, at time.Time) decide.Memory) {
	for seed := range seeds {
		c := newCloudy(uint64(seed))
		m := decide.Memory{}
		if seed%2 == 0 {
			m.WatchedFrom = ago(36000)
		}
		for range rounds {
			f := c.round()
			m = do(f, c.policy, m, c.at)
			m = m.Failed(c.at, c.faults()...)
		}
	}
}
