//go:build acceptance

package acceptance

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// Of the guests: how often the front-end looks, which stands for the metadata
// service's memory too, and how long a server boots.
const (
	guestInterval = 3 * time.Second
	guestBoot     = 5 * time.Second
)

// workerSize is what a worker offers to the pool.
type workerSize struct{ cpus, memory int }

// world is what happens around the scaler: it looks at the cloud again and again,
// has a member of the real pool for each server that is up, plays the front-end of
// the cluster, and keeps account of what there was. It is the guests' cloud
// (guest.Cloud), too.
type world struct {
	t     *testing.T
	cloud *openstack.Client
	door  *frontDoor
	pool  pool
	name  string // of the cluster
	most  int    // workers that may be there at one time
	size  workerSize
	sim   *guest.Simulator

	mu       sync.Mutex
	nodes    cluster.Nodes            // by the last look
	active   map[string]time.Time     // server ID → since when it is seen so
	lives    map[string]*lifetime     // of workers, by server ID
	members  map[string]string        // of the pool: name → server ID
	machines map[string]string        // name → what the pool calls it
	leftPool map[string]bool          // names whose ads are to be forgotten
	lacking  map[string]time.Time     // members that the pool does not know → since when
	twins    map[string]time.Duration // names that two servers had, and for how long
	peak     int
	looked   time.Time
	trouble  string
}

// lifetime is what became of a server, and when it was seen.
type lifetime struct {
	name                                  string
	created, active, booted, joined, gone time.Time
}

func newWorld(t *testing.T, b *bench, door *frontDoor, p pool, most int, size workerSize) *world {
	t.Helper()
	w := &world{
		t: t, cloud: b.cloud, door: door, pool: p, name: b.name, most: most, size: size,
		active: map[string]time.Time{}, lives: map[string]*lifetime{}, members: map[string]string{}, machines: map[string]string{},
		leftPool: map[string]bool{}, lacking: map[string]time.Time{}, twins: map[string]time.Duration{},
	}
	w.sim = guest.New(w, guest.Options{Interval: guestInterval, BootDelay: guestBoot, Joins: w.boot, Busy: p.drain, Back: w.reboot})
	w.sim.Start()
	t.Cleanup(func() { // before the bench's, which deletes the servers
		w.sim.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		for name := range w.members {
			w.remove(name)
		}
		if err := p.forget(slices.Sorted(maps.Values(w.machines))...); err != nil {
			t.Error(err)
		}
	})
	return w
}

// Servers implements guest.Cloud. It shows what a front-end can reach: itself, and
// the workers of the roster at their addresses.
func (w *world) Servers() []openstacktest.Server {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	nodes, err := w.cloud.Nodes(ctx, cluster.NameTag(w.name))
	slots, poolErr := w.pool.status()
	out, unknown := w.look(nodes, slots, err, poolErr)
	for _, name := range unknown {
		w.t.Logf("the pool does not know %s: its daemons are started anew", name)
		w.startAnew(name)
	}
	return out
}

// look takes over what a look at cloud and pool shows. It returns the servers that the
// front-end reaches, and the workers that the pool has not known for a while.
func (w *world) look(nodes cluster.Nodes, slots map[string]slot, err, poolErr error) (out []openstacktest.Server, unknown []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.account(nodes, time.Now())
		w.nodes = nodes
		w.pullPlugs()
	}
	w.complain(err, poolErr)
	for name, s := range slots {
		w.machines[name] = s.machine
		if l := w.lives[w.members[name]]; l != nil && l.joined.IsZero() {
			l.joined = time.Now()
		}
	}
	if err == nil && poolErr == nil {
		unknown = w.unknown(slots, time.Now())
	}
	return w.reachable(), unknown
}

// unknown returns the members that are to stay, and that the pool has not known for a
// while. The front-end has such workers come back: a slurmctld that is killed has
// forgotten those that came in the seconds before.
func (w *world) unknown(slots map[string]slot, now time.Time) []string {
	fe, _ := w.nodes.FrontEnd()
	roster, err := cluster.DecodeDocument(fe.Metadata)
	if err != nil {
		return nil
	}
	var out []string
	for name := range w.members {
		m, listed := roster.Member(name)
		if _, known := slots[name]; known || !listed || m.Leaving != cluster.Stays {
			delete(w.lacking, name)
			continue
		}
		if w.lacking[name].IsZero() {
			w.lacking[name] = now
		}
		if now.Sub(w.lacking[name]) >= 2*time.Minute {
			delete(w.lacking, name)
			out = append(out, name)
		}
	}
	return out
}

// complain logs a failure once.
func (w *world) complain(errs ...error) {
	text := ""
	for _, err := range errs {
		if err != nil {
			text += err.Error() + "\n"
		}
	}
	if text != "" && w.trouble == "" {
		w.t.Logf("the test's own look failed: %s", text)
	}
	w.trouble = text
}

func (w *world) reachable() []openstacktest.Server {
	fe, ok := w.nodes.FrontEnd()
	if !ok {
		return nil
	}
	roster, _ := cluster.DecodeDocument(fe.Metadata) // without one there is only the front-end
	show := func(n cluster.Node) openstacktest.Server {
		return openstacktest.Server{
			ID: n.ID, Name: n.Name, Status: string(n.Status), Address: n.Address, Metadata: n.Metadata,
			Tags: cluster.Tags(n.ClusterID, n.ClusterName, n.Role, n.Group), Created: n.Created, ActiveFrom: w.active[n.ID],
			UserData: w.door.userData(n.ID),
		}
	}
	out := []openstacktest.Server{show(fe)}
	for _, n := range w.nodes.Workers("") {
		m, listed := roster.Member(n.Name)
		if listed && m.Address == n.Address && roster.Enrolled(n) && !n.Ending() {
			out = append(out, show(n))
		}
	}
	return out
}

// GuestMetadata implements guest.Cloud.
func (w *world) GuestMetadata(id string) (map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.nodes {
		if n.ID == id {
			return n.Metadata, nil
		}
	}
	return nil, openstacktest.ErrNoServer
}

// PostPassword implements guest.Cloud.
func (w *world) PostPassword(id, content string) error { return w.door.post(id, content) }

// WriteConsole implements guest.Cloud; a guest that has the slot writes nothing there.
func (w *world) WriteConsole(string, string) {}

// boot starts a worker's batch daemons, and reports whether they run.
func (w *world) boot(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	var node cluster.Node
	for _, n := range w.nodes.Workers("") {
		if n.Name == name && w.active[n.ID] != (time.Time{}) {
			node = n
		}
	}
	if node.ID == "" || w.members[name] == node.ID {
		return node.ID != ""
	}
	if w.leftPool[name] { // the ads of the one before, not this one's
		w.forget(name)
	}
	if err := w.pool.boot(name, node.Group, node.ID, w.size); err != nil {
		w.t.Errorf("a worker does not boot: %v", err)
		return false
	}
	w.members[name] = node.ID
	w.lives[node.ID].booted = time.Now()
	return true
}

// reboot has a worker take jobs again that was drained.
func (w *world) reboot(name string) {
	if !w.pool.endsByDrain() {
		if err := w.pool.back(name); err != nil {
			w.t.Logf("a worker does not come back: %v", err)
		}
		return
	}
	w.startAnew(name)
}

// startAnew ends a worker's daemons and starts them.
func (w *world) startAnew(name string) {
	w.mu.Lock()
	_, there := w.members[name]
	if there {
		w.remove(name)
	}
	w.mu.Unlock()
	if there {
		w.boot(name)
	}
}

func (w *world) remove(name string) {
	if err := w.pool.pull(name); err != nil {
		w.t.Errorf("a worker does not end: %v", err)
	}
	delete(w.members, name)
}

// pullPlugs ends the members of the pool whose servers are gone, or going, and has
// the pool forget those that are in the roster no more.
func (w *world) pullPlugs() {
	up := map[string]bool{}
	for _, n := range w.nodes {
		up[n.ID] = !n.Ending()
	}
	for name, id := range w.members {
		if !up[id] {
			w.remove(name)
			w.leftPool[name] = true
		}
	}
	fe, ok := w.nodes.FrontEnd()
	roster, err := cluster.DecodeDocument(fe.Metadata)
	if !ok || err != nil {
		return
	}
	var names []string
	for name := range w.leftPool {
		if _, listed := roster.Member(name); !listed {
			names = append(names, name)
		}
	}
	w.forget(names...)
}

func (w *world) forget(names ...string) {
	var machines []string
	for _, name := range names {
		if m := w.machines[name]; m != "" {
			machines = append(machines, m)
		}
	}
	if err := w.pool.forget(machines...); err != nil {
		w.t.Logf("the pool is to forget %v: %v", machines, err)
		return // again in the next round
	}
	for _, name := range names {
		delete(w.leftPool, name)
	}
}
