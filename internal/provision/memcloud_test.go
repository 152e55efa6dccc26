package provision

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// memCloud is a Cloud in memory for tests in virtual time: servers get an
// address and become ACTIVE after a while, deletions take a while, and the
// front-end reports as the node program does, through a slot that takes no
// second report before it is cleared.
type memCloud struct {
	mu      sync.Mutex
	servers map[string]*memServer
	ips     map[string]string
	next    int
	calls   int
	log     []string
	abouts  []int // servers that each ManyNodes expected

	// before and after are asked around each call; an error from before keeps the
	// call from being carried out, one from after hides that it was.
	before, after func(n int, op string) error

	// strands reports whether the connection of a call breaks, and the call is carried out
	// only after that time.
	strands func(n int, op string) (time.Duration, bool)

	broken       map[string]int  // name → builds that end in ERROR
	breaks       map[string]int  // name → builds that end in ERROR after they had an address
	full         map[string]bool // zones without room
	shut         map[string]bool // zones that are refused
	unread       int             // reads of a broken server by its ID before its fault shows
	words        string          // why builds end in ERROR; "" is that no host was found
	neverJoin    map[string]bool // workers that never join
	deaf         map[string]bool // servers that never join, by ID
	late         map[string]bool // workers that miss the newest generation
	busy         map[string]bool // workers that do not drain
	maxed        int             // servers allowed; 0 means any number
	posts        map[string]int  // create calls carried out, by name
	groups       []cluster.ServerGroup
	named        int                      // bytes of names that a report has room for; 0 means any number
	silent       bool                     // the front-end never reports
	waits        cluster.Waits            // what the front-end reports of waiting jobs
	waitsUnknown bool                     // it says that it could not read the queue
	noise        string                   // that other programs write to the front-end's console after its report
	down         map[string]bool          // servers in a cell that is down
	strangers    map[string]bool          // servers of no cluster, by ID
	lagging      bool                     // server groups show servers that are gone
	lockedNames  map[string]bool          // servers that their owner has locked
	sticky       map[string]bool          // servers whose deletion is accepted and never comes
	yard         *memYard                 // builds and deletes at another pace; nil: any number at once
	detach       time.Duration            // from a server's end to its volume being free
	posting      map[string]time.Duration // name → how long its create call waits before it is carried out
	volumeIs     string                   // status of the volume; "" follows the servers
}

type memServer struct {
	req      cluster.NodeRequest
	id       string
	created  time.Time
	times    memTimes
	deleted  time.Time // zero: not asked for
	broken   bool
	late     bool // in ERROR when it should be ACTIVE
	words    string
	unread   int // reads by ID before its fault shows
	metadata map[string]string
	changed  time.Time // of the metadata
	older    map[string]string
	slot     string
	floating string
	floats   bool              // it has lost NoFloatingTag
	hidden   time.Time         // no list shows it before
	joinedBy string            // host CA of the front-end that this worker was joined by
	trusts   string            // fingerprint of the CA that it accepts a coordinator of
	brings   *cluster.Document // what this worker was sent with to the front-end
	letInBy  string            // CA of the certificate with which it comes
	acked    map[string]bool   // of a front-end: which workers have which generation
	own      *trust.CA         // of a front-end that has booted: the key that signs its reports
	first    *trust.CA         // that of its user data
	hostCA   string
	accepts  cluster.Link // of a front-end with document_signing
	last     cluster.Report
	sequence int64 // of its last report
}

const (
	memAddress = 3 * time.Second
	memActive  = 20 * time.Second
	memBoot    = 60 * time.Second
	memDelete  = 4 * time.Second
	memSeen    = 15 * time.Second // metadata cache
)

func newMemCloud() *memCloud {
	return &memCloud{
		servers: map[string]*memServer{}, ips: map[string]string{}, posts: map[string]int{},
		broken: map[string]int{}, breaks: map[string]int{}, neverJoin: map[string]bool{}, deaf: map[string]bool{}, busy: map[string]bool{},
	}
}

// hang is an error that takes its time: the client's own limit.
type hang struct {
	error
	limit time.Duration
}

func (h hang) Unwrap() error { return h.error }

func (c *memCloud) call(op string, act func() error) error {
	err := c.locked(op, act)
	if h, ok := errors.AsType[hang](err); ok {
		time.Sleep(h.limit)
	}
	return err
}

func (c *memCloud) locked(op string, act func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	n := c.calls
	c.log = append(c.log, op)
	if c.before != nil {
		if err := c.before(n, op); err != nil {
			return err
		}
	}
	if c.strands != nil {
		if later, stranded := c.strands(n, op); stranded {
			time.AfterFunc(later, func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				_ = act()
			})
			return errKilled
		}
	}
	if err := act(); err != nil {
		return err
	}
	if c.after != nil {
		return c.after(n, op)
	}
	return nil
}

func (s *memServer) node() cluster.Node {
	age := time.Since(s.created)
	n := cluster.Node{ID: s.id, Name: s.req.Name, Created: s.created, Image: s.req.Image, Status: cluster.StatusBuild}
	cluster.ReadTags(&n, s.req.Tags())
	n.NeverFloated = n.NeverFloated && !s.floats
	cluster.ReadMetadata(&n, maps.Clone(s.metadata))
	if age >= s.times.address {
		n.Address = s.address()
	}
	n.Floating = s.floating
	n.Zone = s.req.Zone
	switch {
	case !s.deleted.IsZero():
		n.Status = cluster.StatusDeleting
	case s.broken && age >= s.times.address, s.late && age >= s.times.active:
		n.Status = cluster.StatusError
		if s.unread <= 0 {
			n.Fault = &cluster.Fault{Code: 500, Message: cmp.Or(s.words, "No valid host was found.")}
		}
	case age >= s.times.active:
		n.Status, n.Launched = cluster.StatusActive, s.created.Add(s.times.active)
	}
	return n
}

func (s *memServer) address() string { return "10.0.0." + s.id }

func (s *memServer) there() bool { return s.deleted.IsZero() || time.Since(s.deleted) < s.times.delete }

func (c *memCloud) Nodes(ctx context.Context, tags ...string) (cluster.Nodes, error) {
	var out cluster.Nodes
	err := c.call("list", func() error {
		for _, s := range c.servers {
			have := cluster.Tags(s.req.ClusterID, s.req.ClusterName, s.req.Role, s.req.Group)
			if s.there() && !c.down[s.req.Name] && time.Now().After(s.hidden) && !slices.ContainsFunc(tags, func(t string) bool { return !slices.Contains(have, t) }) {
				out = append(out, s.node())
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b cluster.Node) int { return cluster.CompareNames(a.ID, b.ID) })
	return out, ctx.Err()
}

func (c *memCloud) ManyNodes(ctx context.Context, about int, tags ...string) (cluster.Nodes, error) {
	c.mu.Lock()
	c.abouts = append(c.abouts, about)
	c.mu.Unlock()
	return c.Nodes(ctx, tags...)
}

func (c *memCloud) NodeByID(_ context.Context, id string) (cluster.Node, error) {
	var out cluster.Node
	err := c.call("get server", func() error {
		s := c.servers[id]
		switch {
		case c.strangers[id]:
			out = cluster.Node{ID: id, Status: cluster.StatusActive}
			return nil
		case s == nil || !s.there():
			return &cluster.CloudError{Kind: cluster.FaultNotFound, Op: "read server " + id, Code: 404, Message: "Instance could not be found"}
		case c.down[s.req.Name]:
			return cellDown("read server " + id)
		}
		s.unread--
		out = s.node()
		return nil
	})
	return out, err
}

func cellDown(op string) error {
	return &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: op, Code: 500, Message: "Unexpected API Error. <class 'nova.exception.NovaException'>"}
}

func (c *memCloud) CreateNode(_ context.Context, r cluster.NodeRequest) (string, error) {
	var id string
	time.Sleep(c.posting[r.Name])
	err := c.call("create "+r.Name, func() error {
		if c.maxed > 0 && len(c.present()) >= c.maxed {
			return &cluster.CloudError{Kind: cluster.FaultQuota, Op: "create server " + r.Name, Code: 403, Message: "Quota exceeded for instances"}
		}
		if c.shut[r.Zone] {
			return &cluster.CloudError{Kind: cluster.FaultBadRequest, Op: "create server " + r.Name, Code: 400, Message: "The requested availability zone is not available"}
		}
		if v := c.volume(r.StateVolume); r.StateVolume != "" && !v.IsFree() {
			return &cluster.CloudError{Kind: cluster.FaultBadRequest, Op: "create server " + r.Name, Code: 400,
				Message: "Invalid volume: status must be available or downloading to reserve, but the current status is " + v.Status}
		}
		c.next++
		c.posts[r.Name]++
		id = fmt.Sprint(c.next)
		c.servers[id] = &memServer{req: r, id: id, created: time.Now(), times: c.yard.build(r.Name), metadata: maps.Clone(r.Metadata),
			older: maps.Clone(r.Metadata), acked: map[string]bool{}, broken: c.broken[r.Name] > 0 || c.full[r.Zone], words: c.words, unread: c.unread}
		c.broken[r.Name]--
		c.servers[id].late = c.breaks[r.Name] > 0
		c.breaks[r.Name]--
		if d, ok := rosterOf(r.UserData); ok && r.Role == cluster.RoleWorker {
			c.servers[id].brings, c.servers[id].letInBy = &d, signerOf(r.UserData)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// made returns how many servers were made.
func (c *memCloud) made() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next
}

// present returns the servers that are there. A call that is carried out later runs beside
// the test: then only the holder of the lock may look.
func (c *memCloud) present() []*memServer {
	var out []*memServer
	for _, s := range c.servers {
		if s.there() {
			out = append(out, s)
		}
	}
	return out
}

// each does something to the servers of a name; the caller is within a call.
func (c *memCloud) each(name string, act func(*memServer)) {
	for _, s := range c.present() {
		if s.req.Name == name {
			act(s)
		}
	}
}

func (c *memCloud) DeleteNode(_ context.Context, id string) error {
	return c.call("delete", func() error {
		s := c.servers[id]
		if s != nil && c.down[s.req.Name] {
			return cellDown("delete server " + id)
		}
		if s != nil && c.lockedNames[s.req.Name] {
			return &cluster.CloudError{Kind: cluster.FaultConflict, Op: "delete server " + id, Code: 409, Message: "Instance " + id + " is locked"}
		}
		if s != nil && s.deleted.IsZero() && !c.sticky[s.req.Name] {
			c.settle()
			s.deleted, s.times.delete = time.Now(), c.yard.delete()
		}
		return nil
	})
}

func (c *memCloud) SetMetadata(_ context.Context, id string, m map[string]string) (map[string]string, error) {
	err := c.call("put metadata", func() error {
		s := c.servers[id]
		if s == nil || !s.there() {
			return &cluster.CloudError{Kind: cluster.FaultNotFound, Op: "write metadata", Code: 404, Message: "Instance could not be found"}
		}
		s.older, s.metadata, s.changed = s.metadata, maps.Clone(m), time.Now()
		return nil
	})
	return m, err
}

func (c *memCloud) Metadata(_ context.Context, id string) (map[string]string, error) {
	var out map[string]string
	err := c.call("get metadata", func() error {
		if s := c.servers[id]; s != nil && s.there() {
			out = maps.Clone(s.metadata)
			return nil
		}
		return &cluster.CloudError{Kind: cluster.FaultNotFound, Op: "read metadata", Code: 404, Message: "Instance could not be found"}
	})
	return out, err
}

func (c *memCloud) Report(_ context.Context, id string) (string, error) {
	var out string
	err := c.call("report", func() error {
		s := c.servers[id]
		if s == nil || !s.there() {
			return &cluster.CloudError{Kind: cluster.FaultNotFound, Op: "read report", Code: 404, Message: "Instance could not be found"}
		}
		if c.silent || time.Since(s.created) < memBoot {
			return nil
		}
		if s.slot == "" {
			s.slot = c.compose(s)
		}
		out = s.slot
		return nil
	})
	return out, err
}

// compose is what the front-end would say now.
func (c *memCloud) compose(s *memServer) string {
	metadata := s.metadata
	if time.Since(s.changed) < memSeen {
		metadata = s.older
	}
	doc, err := cluster.DecodeDocument(metadata)
	if doc.Coordinator == cluster.CoordinatorLastWorker {
		doc, err = c.brought(s)
	}
	if err != nil {
		return ""
	}
	s.makeKeys()
	hostCA := s.hostCA
	r := cluster.Report{Generation: doc.Generation, HostKey: memHostKey, HostCA: hostCA, Refused: !s.accept(doc), Waits: c.waits, WaitsUnknown: c.waitsUnknown}
	if doc.Coordinator == cluster.CoordinatorLastWorker {
		r.CA = doc.CA
	}
	var pending, never, drained, busy []string
	for _, m := range doc.Workers {
		// A worker that had a generation once is not asked again, even when it is gone.
		key := fmt.Sprint(doc.Generation, m)
		up := s.acked[key]
		for _, w := range c.present() {
			if w.req.Name == m.Name && time.Since(w.created) >= memBoot && !c.neverJoin[m.Name] && !c.late[m.Name] && !c.deaf[w.id] && w.admits(s, doc, m) {
				up = true
				w.joinedBy, w.trusts = hostCA, trust.Fingerprint(doc.CA)
				s.acked[key] = true
			}
		}
		switch {
		case up:
			r.Joined++
		default:
			pending = append(pending, m.Name)
			if !c.everJoined(doc, m) && c.tried(doc, m) {
				never = append(never, m.Name)
			}
		}
		switch {
		case m.Leaving == cluster.Stays:
		case c.busy[m.Name]:
			busy = append(busy, m.Name)
		default:
			drained = append(drained, m.Name)
		}
	}
	r.Pending = len(pending)
	for c.named > 0 && len(cluster.FoldNames(doc.Name, pending)) > c.named {
		pending = pending[:len(pending)-1]
	}
	r.PendingNames, r.Never = cluster.FoldNames(doc.Name, pending), cluster.FoldNames(doc.Name, never)
	r.Drained, r.Busy = cluster.FoldNames(doc.Name, drained), cluster.FoldNames(doc.Name, busy)
	return s.seal(r)
}

// makeKeys makes a front-end's own keys once.
func (s *memServer) makeKeys() {
	if s.own == nil {
		s.own, s.first, s.hostCA = memKey(), keyOf(s.req.UserData), memKey().Public()
	}
}

// seal returns a report as a front-end sends it.
func (s *memServer) seal(r cluster.Report) string {
	if r.CoordinatorKey = s.own.Public(); !reflect.DeepEqual(r, s.last) {
		s.last = r
		s.sequence++
	}
	r.Sequence = s.sequence
	b, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	text, err := report.Origin{Cluster: s.req.ClusterID, Server: s.id}.Seal(string(b), s.own, s.first)
	if err != nil {
		panic(err)
	}
	return text
}

// memHostKey is the host key of every front-end.
var memHostKey = memKey().Public()

// memKey returns a new key; a CA is a key that can sign.
func memKey() *trust.CA {
	key, err := trust.NewCA()
	if err != nil {
		panic(err)
	}
	return key
}

func (c *memCloud) member(doc cluster.Document, m cluster.Member) *memServer {
	for _, w := range c.present() {
		if n := w.node(); n.Name == m.Name && n.ClusterID == doc.ID && n.Batch == m.Batch {
			return w
		}
	}
	return nil
}

func (c *memCloud) everJoined(doc cluster.Document, m cluster.Member) bool {
	w := c.member(doc, m)
	return w != nil && w.joinedBy != ""
}

// tried reports whether a front-end has had the time to try some times.
func (c *memCloud) tried(doc cluster.Document, m cluster.Member) bool {
	w := c.member(doc, m)
	return w != nil && time.Since(w.created) > memActive+15*time.Second
}

// admits reports whether a front-end can reach this worker, verify it and get into
// it. A worker that another front-end has joined shows that one's certificate, and
// trusts only the CA of its last bundle.
func (s *memServer) admits(fe *memServer, doc cluster.Document, m cluster.Member) bool {
	if m.Address != s.address() {
		return false
	}
	switch s.joinedBy {
	case "":
		return doc.Batches[m.Batch] != "" && m.Batch == s.req.Metadata[cluster.MetaBatch]
	case fe.hostCA:
		return true
	default:
		return slices.Contains(doc.HostCAs, s.joinedBy) && s.trusts == fe.req.Metadata[cluster.MetaCA]
	}
}

func (c *memCloud) ClearReport(_ context.Context, id string) error {
	return c.call("clear report", func() error {
		if s := c.servers[id]; s != nil {
			s.slot = ""
		}
		return nil
	})
}

// ConsoleTail is the way up where there is no metadata service.
func (c *memCloud) ConsoleTail(_ context.Context, id string, _ int) (string, error) {
	text := "last words"
	return text, c.call("console", func() error {
		s := c.servers[id]
		if s == nil || !s.there() {
			return &cluster.CloudError{Kind: cluster.FaultOther, Op: "read console log", Code: 404, Message: "Instance could not be found"}
		}
		if s.req.Role == cluster.RoleFrontEnd && !c.silent && time.Since(s.created) >= memBoot {
			text += "\nvmcluster-report " + c.compose(s) + "\r\nvmcluster-report x {torn" + c.noise
		}
		return nil
	})
}

func (c *memCloud) ServerGroups(context.Context) ([]cluster.ServerGroup, error) {
	var out []cluster.ServerGroup
	err := c.call("list server groups", func() error {
		for _, g := range c.groups {
			for _, s := range c.servers {
				// A busy Nova shows members for a while that its list of servers has lost.
				if s.req.ServerGroupID == g.ID && (s.there() || c.lagging && time.Since(s.deleted) < memDelete+time.Minute) {
					g.Members = append(g.Members, s.id)
				}
			}
			out = append(out, g)
		}
		return nil
	})
	return out, err
}

func (c *memCloud) CreateServerGroup(_ context.Context, name, policy string) (string, error) {
	var id string
	err := c.call("create server group "+name, func() error {
		c.next++
		id = fmt.Sprintf("group-%d", c.next)
		c.groups = append(c.groups, cluster.ServerGroup{ID: id, Name: name, Policy: policy})
		return nil
	})
	return id, err
}

func (c *memCloud) DeleteServerGroup(_ context.Context, id string) error {
	return c.call("delete server group", func() error {
		c.groups = slices.DeleteFunc(c.groups, func(g cluster.ServerGroup) bool { return g.ID == id })
		return nil
	})
}

func (c *memCloud) ExpectFloating(_ context.Context, id string) error {
	return c.call("expect floating ip", func() error { c.servers[id].floats = true; return nil })
}

func (c *memCloud) AssociateFloatingIP(_ context.Context, clusterID, serverID, _, _ string, _ bool) (string, error) {
	err := c.call("floating ip", func() error {
		c.ips["ip-"+clusterID] = "203.0.113.1"
		c.servers[serverID].floating = "203.0.113.1"
		return nil
	})
	return "203.0.113.1", err
}

func (c *memCloud) FloatingIPs(_ context.Context, clusterID string) (map[string]string, error) {
	out := map[string]string{}
	err := c.call("list floating ips", func() error {
		if a, ok := c.ips["ip-"+clusterID]; ok {
			out["ip-"+clusterID] = a
		}
		return nil
	})
	return out, err
}

func (c *memCloud) DeleteFloatingIP(_ context.Context, id string) error {
	return c.call("delete floating ip", func() error { delete(c.ips, id); return nil })
}
