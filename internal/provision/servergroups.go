package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// joinServerGroups finds or makes the server group of each worker group that
// wants one and gets new workers. Where that fails, those workers are given up:
// made without it they could stand anywhere.
func (f *fleet) joinServerGroups(ctx context.Context, have cluster.Nodes) {
	waiting := map[string][]*member{}
	for _, m := range f.members {
		if f.doc.Groups[m.group].ServerGroup != "" {
			waiting[m.group] = append(waiting[m.group], m)
		}
	}
	if len(waiting) == 0 {
		return
	}
	present, unread := f.p.cloud.ServerGroups(ctx)
	for _, group := range slices.Sorted(maps.Keys(waiting)) {
		id, err := "", unread
		if err == nil {
			id, err = f.serverGroup(ctx, present, have, cluster.ServerGroupName(f.doc.Name, group), f.doc.Groups[group].ServerGroup)
		}
		for _, m := range waiting[group] {
			m.serverGroup = id
			if err != nil {
				f.giveUp(m, Problem{Kind: cluster.KindOf(err), Summary: "was not created", Detail: err.Error()})
			}
		}
	}
}

// serverGroup returns the ID of the cluster's server group of that name and
// policy, made if it is not there. A create call whose answer got lost is not
// repeated before the list was read again.
func (f *fleet) serverGroup(ctx context.Context, present []cluster.ServerGroup, have cluster.Nodes, name, policy string) (string, error) {
	p := f.p
	for range createTries {
		for _, g := range present {
			if g.Name != name || g.Policy != policy {
				continue
			}
			if ours, err := p.owns(ctx, f.doc.ID, g, have); ours || err != nil {
				return g.ID, err
			}
		}
		p.opts.Log(ctx, "creating a server group", "name", name, "policy", policy)
		id, err := p.cloud.CreateServerGroup(ctx, name, policy)
		if !cluster.IsKind(err, cluster.FaultUnavailable) {
			return id, err
		}
		if present, err = p.cloud.ServerGroups(ctx); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("create server group %s: the cloud gave no answer", name)
}

// owns tells whether a server group may be the cluster's: nobody is in it but these
// nodes, others of the cluster that a list does not show yet, and servers that are
// gone, which a busy Nova shows as members for a while. With no cluster's ID others
// do not count. Each member that is not among the nodes costs a call.
func (p *Provisioner) owns(ctx context.Context, id string, g cluster.ServerGroup, nodes cluster.Nodes) (bool, error) {
	for _, member := range g.Members {
		if slices.ContainsFunc(nodes, func(n cluster.Node) bool { return n.ID == member }) {
			continue
		}
		n, err := p.cloud.NodeByID(ctx, member)
		switch {
		case cluster.IsKind(err, cluster.FaultNotFound), err == nil && n.Gone():
		case err != nil:
			return false, fmt.Errorf("look who is in server group %s: %w", g.Name, err)
		case id == "" || n.ClusterID != id:
			return false, nil
		}
	}
	return true, nil
}

// heldGroup is a server group that a cluster has or wants.
type heldGroup struct{ name, policy string }

// heldGroups are those that the document's groups want and those that nodes were
// made in.
func heldGroups(d cluster.Document, nodes cluster.Nodes) map[heldGroup]bool {
	out := map[heldGroup]bool{}
	for group, spec := range d.Groups {
		if spec.ServerGroup != "" {
			out[heldGroup{cluster.ServerGroupName(d.Name, group), spec.ServerGroup}] = true
		}
	}
	for _, n := range nodes {
		if n.ServerGroup != "" {
			out[heldGroup{cluster.ServerGroupName(n.ClusterName, n.Group), n.ServerGroup}] = true
		}
	}
	return out
}

// tidyServerGroups deletes server groups that the cluster had and no longer
// wants, as soon as nobody is left in them but those who are gone. What fails is
// left to the next change or to the destroy.
func (p *Provisioner) tidyServerGroups(ctx context.Context, had map[heldGroup]bool, gone cluster.Nodes, d cluster.Document) {
	wanted := heldGroups(d, nil)
	maps.DeleteFunc(had, func(g heldGroup, _ bool) bool { return wanted[g] })
	if len(had) == 0 {
		return
	}
	present, err := p.cloud.ServerGroups(ctx)
	for _, g := range present {
		if !had[heldGroup{g.Name, g.Policy}] {
			continue
		}
		empty, unknown := p.owns(ctx, "", g, gone)
		err = errors.Join(err, unknown)
		if empty {
			p.opts.Log(ctx, "deleting a server group", "name", g.Name, "policy", g.Policy)
			err = errors.Join(err, p.cloud.DeleteServerGroup(ctx, g.ID))
		}
	}
	if err != nil {
		p.opts.Log(ctx, "server groups were not tidied up", "error", err.Error())
	}
}

// dropServerGroups deletes all server groups of a cluster. That comes before the
// last server goes: servers are what a destroy that was interrupted starts from.
func (p *Provisioner) dropServerGroups(ctx context.Context, id string, v View) error {
	held := heldGroups(v.Document, v.Nodes)
	if len(held) == 0 {
		return nil
	}
	present, err := p.cloud.ServerGroups(ctx)
	if err != nil {
		return fmt.Errorf("list the server groups of the cluster: %w", err)
	}
	for _, g := range present {
		if !held[heldGroup{g.Name, g.Policy}] {
			continue
		}
		ours, err := p.owns(ctx, id, g, v.Nodes)
		if err != nil {
			return err
		}
		if !ours {
			continue
		}
		p.opts.Log(ctx, "deleting a server group", "name", g.Name)
		if err := p.cloud.DeleteServerGroup(ctx, g.ID); err != nil {
			return fmt.Errorf("delete server group %s: %w", g.Name, err)
		}
	}
	return nil
}
