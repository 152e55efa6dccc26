package guest

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// frontEnd is the coordinator on one front-end.
type frontEnd struct {
	id, address string
	own         *trust.CA // its coordinator key, which signs its reports
	first       *trust.CA // the key of its user data, which introduces that; nil where there is none
	last        cluster.Report
	lastText    string // of that report, signed
	sequence    int64  // of that report
	hostKey     string
	hostCA      string          // public half; workers that it joins show a certificate of it
	told        string          // the last report on the console
	heard       map[string]bool // workers that have brought a roster, by server ID
	document    cluster.Document
	workers     map[string]*Worker // of the roster, by name
	closed      map[string]bool    // takes no new job
	servers     map[string]string  // worker name → ID of the server that was joined
	never       map[string]bool    // workers that no front-end has ever joined
}

func newFrontEnd(s openstacktest.Server) *frontEnd {
	return &frontEnd{
		id: s.ID, address: s.Address, own: newKey(), first: keyOf(s.UserData), hostKey: newKey().Public(), hostCA: newKey().Public(),
		workers: map[string]*Worker{}, closed: map[string]bool{}, heard: map[string]bool{}, servers: map[string]string{},
		never: map[string]bool{},
	}
}

// coordinate is one round of a front-end: read, join, drain, report.
func (s *Simulator) coordinate(f *frontEnd, servers []openstacktest.Server, now time.Time) {
	metadata, err := s.cloud.GuestMetadata(f.id)
	if err != nil {
		return
	}
	// A cloud may serve an older set after a newer one: that one is passed over.
	d, err := cluster.DecodeDocument(metadata)
	if f.document.Coordinator == cluster.CoordinatorLastWorker { // only what it was born with, and what is brought
		s.takeRosters(f, servers, now)
	} else if err == nil && d.Generation >= f.document.Generation {
		f.document = d
	}
	if f.document.Generation == 0 {
		return
	}
	s.follow(f, servers, now)
	for _, m := range f.document.Workers {
		s.leave(f, m)
	}
	s.post(f)
}

// follow brings the pool to the roster: a new worker is joined once it has booted, and
// a worker that is not in the roster any more is forgotten.
func (s *Simulator) follow(f *frontEnd, servers []openstacktest.Server, now time.Time) {
	up := map[string]string{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, server := range servers {
		if slices.Contains(server.Tags, cluster.IDTag(f.document.ID)) && s.booted(server, now) && s.admits(f, server, servers) {
			up[server.Name] = server.ID
		}
	}
	clear(f.never)
	for name := range f.workers {
		if _, ok := f.document.Member(name); !ok {
			f.forget(name)
		}
	}
	for _, m := range f.document.Workers {
		if joined := f.servers[m.Name]; joined != "" && joined != up[m.Name] {
			f.forget(m.Name) // another server of that name
		}
		w, ok := f.workers[m.Name]
		if !ok {
			w = &Worker{Name: m.Name, Group: groupOf(servers, m.Name)}
			f.workers[m.Name] = w
		}
		id := up[m.Name]
		w.Behind = w.Joined && s.o.Misses(m.Name)
		if id != "" && (w.Joined || s.o.Joins(m.Name)) {
			w.Joined, f.servers[m.Name] = true, id
			s.trust[id] = trusted{hostCA: f.hostCA, ca: fingerprint(f.document.CA)}
		}
		_, joined := s.trust[id]
		f.never[m.Name] = id != "" && !joined
	}
}

func (f *frontEnd) forget(name string) {
	delete(f.workers, name)
	delete(f.closed, name)
	delete(f.servers, name)
}

func groupOf(servers []openstacktest.Server, name string) string {
	for _, s := range servers {
		var n cluster.Node
		if s.Name == name && cluster.ReadTags(&n, s.Tags) {
			return n.Group
		}
	}
	return ""
}

// leave drains a worker that is marked, and undoes it when the mark is gone.
// The worker is closed to new jobs before Busy is asked, since a batch system
// checks and closes in one step.
func (s *Simulator) leave(f *frontEnd, m cluster.Member) {
	s.mu.Lock()
	w := f.workers[m.Name]
	w.Leaving = m.Leaving
	wasDrained := w.Drained
	f.closed[m.Name] = m.Leaving != cluster.Stays
	w.Drained = wasDrained && m.Leaving != cluster.Stays
	s.mu.Unlock()
	if m.Leaving == cluster.Stays && wasDrained {
		s.o.Back(m.Name)
	}
	if m.Leaving == cluster.Stays || wasDrained {
		return
	}
	busy := s.o.Busy(m.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !busy {
		w.Drained = true
		return
	}
	f.closed[m.Name] = m.Leaving == cluster.LeaveJobsOK // refused when it is busy, else it finishes
}

// post writes the current report into the slot. An occupied slot is tried again in the
// next round.
func (s *Simulator) post(f *frontEnd) {
	waits := s.o.Waits()
	s.mu.Lock()
	r := f.report()
	r.Waits = waits
	text := f.sign(r)
	s.mu.Unlock()
	if f.document.Coordinator == cluster.CoordinatorLastWorker {
		s.tell(f, text)
		return
	}
	_ = s.cloud.PostPassword(f.id, text) // level-triggered: the next round tries again
}

// sign returns a report as it is sent: the same text for the same report.
func (f *frontEnd) sign(r cluster.Report) string {
	if reflect.DeepEqual(r, f.last) {
		return f.lastText
	}
	f.last = r
	f.sequence++
	r.Sequence = f.sequence
	text, err := report.Of(f.document, f.id).Seal(encode(r), f.own, f.first)
	if err != nil {
		panic("guest: sign a report: " + err.Error())
	}
	f.lastText = text
	return text
}

func (f *frontEnd) report() cluster.Report {
	r := cluster.Report{
		Generation: f.document.Generation, Address: f.address, HostKey: f.hostKey, CoordinatorKey: f.own.Public(), HostCA: f.hostCA,
	}
	if f.document.Coordinator == cluster.CoordinatorLastWorker {
		r.CA = f.document.CA
	}
	var pending, never, drained, busy []string
	for _, name := range slices.SortedFunc(maps.Keys(f.workers), cluster.CompareNames) {
		w := f.workers[name]
		switch {
		case w.Joined && !w.Behind:
			r.Joined++
		default:
			r.Pending++
			pending = append(pending, name)
		}
		if f.never[name] {
			never = append(never, name)
		}
		switch {
		case w.Drained:
			drained = append(drained, name)
		case w.Leaving != cluster.Stays:
			busy = append(busy, name)
		}
	}
	r.PendingNames, r.Never = cluster.FoldNames(f.document.Name, pending), cluster.FoldNames(f.document.Name, never)
	r.Drained = cluster.FoldNames(f.document.Name, drained)
	r.Busy = cluster.FoldNames(f.document.Name, busy)
	return r
}

// signatures are the bytes of a report's two signatures, and of what stands after each.
const signatures = 2 * (86 + 1)

// encode leaves names out, the least needed first, until the report fits.
func encode(r cluster.Report) string {
	for _, shorten := range []func(){
		func() {}, func() { r.Waits = nil }, func() { r.PendingNames, r.Never = "", "" }, func() { r.Busy = "" }, func() { r.Drained = "" },
	} {
		shorten()
		b, err := json.Marshal(r)
		if err != nil {
			panic("guest: a report does not marshal: " + err.Error())
		}
		if len(b) <= cluster.MaxReport-signatures {
			return string(b)
		}
	}
	return ""
}

// newKey returns a new key; a CA is a key that can sign.
func newKey() *trust.CA {
	key, err := trust.NewCA()
	if err != nil {
		panic("guest: " + err.Error())
	}
	return key
}

// keyOf returns the two-hour key in a node's user data, nil where there is none.
func keyOf(userData []byte) *trust.CA {
	key, err := trust.ParseCA(string(fileOf(userData, "/etc/vmcluster/first_key")))
	if err != nil {
		return nil
	}
	return key
}
