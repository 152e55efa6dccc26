package loop_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/roster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Post implements the actuator: servers are built from now on.
func (s *sim) Post(_ context.Context, _ string, orders []actuate.Order, reserved []string) (actuate.Posted, error) {
	if s.addTakes > 0 {
		time.Sleep(s.addTakes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.posts++
	var out actuate.Posted
	var failed []error
	for _, o := range orders {
		names, err := s.post(o, reserved)
		out.Accepted = append(out.Accepted, names...)
		failed = append(failed, err)
	}
	if s.loseAnswers {
		out.Unknown, out.Accepted = out.Accepted, nil
	}
	return out, errors.Join(failed...)
}

func (s *sim) post(o actuate.Order, reserved []string) ([]string, error) {
	s.calls = append(s.calls, fmt.Sprintf("add %d %s", o.Count, o.Group))
	if len(o.Avoid) > 0 {
		s.calls[len(s.calls)-1] += fmt.Sprint(" outside ", o.Avoid)
	}
	if s.addErr != nil {
		return nil, s.addErr
	}
	if s.fullZone != "" && !slices.Contains(o.Avoid, s.fullZone) {
		return nil, &cluster.CloudError{Kind: cluster.FaultNoHost, Op: "add workers", Message: "No valid host was found", Err: cluster.NotMadeError{
			{Name: "astro-cpu-1", Zones: []string{s.fullZone}, Kind: cluster.FaultNoHost, Message: "ended in ERROR: No valid host was found"},
		}}
	}
	if s.quota > 0 && len(s.nodes)+s.others+o.Count > s.quota {
		s.refused++
		return nil, &cluster.CloudError{Kind: cluster.FaultQuota, Op: "create server", Code: 403, Message: "Quota exceeded for instances"}
	}
	ca, err := trust.NewCA()
	if err != nil {
		return nil, err
	}
	taken := slices.Concat(s.list().Names(), reserved)
	for _, m := range s.doc.Workers {
		taken = append(taken, m.Name)
	}
	names := cluster.NextNames("astro", o.Group, o.Count, taken)
	for _, name := range names {
		if s.nodes[name] != nil {
			s.twice = append(s.twice, name)
		}
		s.nodes[name] = &simNode{exists: s.at.Add(s.answerAfter), addressed: s.at.Add(s.answerAfter + s.address[o.Group]), node: cluster.Node{
			ID: fmt.Sprint("s", s.created), Name: name, ClusterID: s.doc.ID, Role: cluster.RoleWorker, Group: o.Group, Status: cluster.StatusBuild,
			Created: s.at.Add(s.answerAfter), Flavor: "f", Batch: cluster.BatchID(ca.Public()), BatchCA: ca.Public(),
		}}
		s.created++
		if s.dies("create") {
			return nil, context.Canceled // its server exists, and the scaler does not know
		}
	}
	return names, nil
}

// Enrol implements the actuator.
func (s *sim) Enrol(context.Context, cluster.View) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.enrols++
	if s.enrolErr != nil {
		return nil, s.enrolErr
	}
	if s.dies("enrol") {
		return nil, context.Canceled // nothing is written
	}
	var names []string
	for _, m := range roster.Enrol(&s.doc, s.list(), time.Now()) {
		names = append(names, m.Name)
		if n := s.nodes[m.Name]; !s.neverJoin {
			n.ready = n.node.Created.Add(s.boot)
			if earliest := s.at.Add(5 * time.Second); n.ready.Before(earliest) {
				n.ready = earliest
			}
		}
	}
	s.doc.Generation++
	return names, nil
}

// Mark implements the actuator.
func (s *sim) Mark(_ context.Context, _ string, marks map[string]cluster.Leaving) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, fmt.Sprintf("mark %d", len(marks)))
	for i, m := range s.doc.Workers {
		if mark, ok := marks[m.Name]; ok {
			s.doc.Workers[i].Leaving = mark
		}
	}
	s.doc.Generation++
	return nil
}

// Remove implements the actuator: the roster stays.
func (s *sim) Remove(_ context.Context, _ string, names, drained []string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	if s.callBack != nil {
		s.callBack()
		s.advance()
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		m, _ := s.doc.Member(name)
		return slices.Contains(drained, name) && m.Leaving == cluster.Stays
	})
	s.calls = append(s.calls, fmt.Sprintf("remove %d", len(names)))
	if s.removeErr != nil {
		return nil, s.removeErr
	}
	for _, name := range names {
		s.killed += s.running(name)
		n, there := s.nodes[name]
		if !there {
			continue
		}
		s.removed++
		if n.node.Status = cluster.StatusDeleting; s.deleting == 0 {
			delete(s.nodes, name)
		}
		if n.gone.IsZero() {
			n.gone = s.at.Add(s.deleting)
		}
		if s.dies("delete") {
			return nil, context.Canceled // its server is being deleted, and the scaler does not know
		}
	}
	return names, nil
}

// Forget implements the actuator: an entry goes whose server is gone.
func (s *sim) Forget(_ context.Context, _ string, names []string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	if s.dies("forget") {
		return nil, context.Canceled
	}
	var gone []string
	s.doc.Workers = slices.DeleteFunc(s.doc.Workers, func(m cluster.Member) bool {
		there := s.nodes[m.Name] != nil || !slices.Contains(names, m.Name)
		if !there {
			gone = append(gone, m.Name)
		}
		return !there
	})
	s.doc.Generation++
	return gone, nil
}

// dies ends the scaler in the middle of a call, as kill -9 would.
func (s *sim) dies(in string) bool {
	if s.dieIn != in {
		return false
	}
	s.dieIn = ""
	s.die()
	return true
}

// Discard implements the actuator's deletion by ID.
func (s *sim) Discard(_ context.Context, _, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "discard "+id)
	s.twins = slices.DeleteFunc(s.twins, func(n cluster.Node) bool { return n.ID == id })
	for name, n := range s.nodes {
		if n.node.ID == id {
			s.killed += s.running(name)
			s.removed++
			delete(s.nodes, name)
		}
	}
	return nil
}

// ConsoleTail implements Consoles.
func (s *sim) ConsoleTail(_ context.Context, id string, _ int) (string, error) {
	time.Sleep(s.consoleTakes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.consoles = append(s.consoles, id)
	return "cloud-init: no route to host " + id, nil
}

// CollectRemains implements Remains.
func (s *sim) CollectRemains(_ context.Context, id string, _ []string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collected = append(s.collected, id)
	return []string{"port of " + id}, nil
}

type projectOf struct{ *sim }

// Room implements Project.
func (p projectOf) Room(context.Context) (decide.Room, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.roomErr != nil {
		return decide.Room{}, p.roomErr
	}
	if p.quota == 0 {
		return decide.Room{}, nil
	}
	left := max(p.quota-p.others-len(p.nodes), 0)
	return decide.Room{Instances: &left}, nil
}

// Size implements Project.
func (p projectOf) Size(context.Context, string) (decide.Size, error) {
	return decide.Size{Cores: cpusEach, RAMMiB: 8192}, nil
}
