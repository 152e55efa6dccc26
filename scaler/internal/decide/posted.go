package decide

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/fleet"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// expectedFor is how long a worker whose create call was sent counts as on its way while
// no list shows its server. Nova may carry out a call a minute after its connection broke.
const expectedFor = 90 * time.Second

// Sent returns the memory after create calls for workers were sent: those that the cloud
// accepted, and those whose answers were lost. groups has the worker's group by name.
func (m Memory) Sent(now time.Time, groups map[string]string) Memory {
	m.Posted, now = copied(m.Posted), wall(now)
	for name, group := range groups {
		m.Posted[name] = fleet.Expected{Group: group, Since: now}
	}
	return m
}

// Expected returns the names of workers that no list has shown and that may still come.
// A new worker must not have one of these.
func (m Memory) Expected() []string {
	names := make([]string, 0, len(m.Posted))
	for name := range m.Posted {
		names = append(names, name)
	}
	cluster.SortNames(names)
	return names
}

// followPosted returns the memory without the create calls whose servers were seen or will
// not come. Calls of which nothing came are a failure of their group, unless the group
// has got a server since, or has failed since.
func followPosted(nodes cluster.Nodes, m Memory, now time.Time) Memory {
	seen, came := map[string]bool{}, map[string]time.Time{}
	for _, n := range nodes {
		seen[n.Name] = true
		came[n.Group] = latest(came[n.Group], m.FirstSeen[n.ID], n.Created)
	}
	m.Posted = copied(m.Posted)
	var faults []Fault
	for name, e := range m.Posted {
		over := now.Sub(e.Since) >= expectedFor
		if !seen[name] && !over {
			continue
		}
		delete(m.Posted, name)
		f := Fault{Group: e.Group, Kind: cluster.FaultUnavailable, Why: reason.New(reason.NothingCame)}
		if !seen[name] && !came[e.Group].After(e.Since) && !e.Since.Before(m.Breakers[f.key()].Last) {
			faults = append(faults, f)
		}
	}
	if len(faults) > 0 {
		m = m.Failed(now, faults...)
	}
	return m
}
