package batch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// JoinServerGroups finds or makes the server group of each worker group that wants
// one and gets workers. Where that fails, those without a server are given up: made
// without it they could stand anywhere. have holds the cluster's servers, and those
// that the caller has deleted: a busy Nova shows them as members for a while.
func (b *Batch) JoinServerGroups(ctx context.Context, have cluster.Nodes) {
	waiting := map[string][]*member{}
	for _, m := range b.members {
		if b.doc.Groups[m.group].ServerGroup != "" {
			waiting[m.group] = append(waiting[m.group], m)
		}
	}
	if len(waiting) == 0 {
		return
	}
	groups := ServerGroups{b.maker}
	present, unread := b.maker.Cloud.ServerGroups(ctx)
	for _, group := range slices.Sorted(maps.Keys(waiting)) {
		id, err := "", unread
		if err == nil {
			want := heldGroup{cluster.ServerGroupName(b.doc.Name, group), b.doc.Groups[group].ServerGroup}
			id, err = groups.ensure(ctx, b.doc.ID, want, present, have)
		}
		for _, m := range waiting[group] {
			m.serverGroup = id
			if err != nil && m.id == "" {
				b.GiveUp(m.name, cluster.Problem{Kind: cluster.KindOf(err), Summary: "was not created", Detail: err.Error()})
			}
		}
	}
}

// ServerGroups finds, makes and deletes the server groups of clusters.
type ServerGroups struct{ Maker Maker }

// heldGroup is a server group that a cluster has or wants.
type heldGroup struct{ name, policy string }

// Held is a set of server groups, by name and policy.
type Held map[heldGroup]bool

// HeldBy returns the server groups that the document's groups want and those that
// the nodes were made in.
func HeldBy(d cluster.Document, nodes cluster.Nodes) Held {
	out := Held{}
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

// ensure returns the ID of the cluster's server group, made where it is not among
// those present. After a create call whose answer got lost, the list is read again
// before the call is repeated.
func (s ServerGroups) ensure(ctx context.Context, clusterID string, want heldGroup, present []cluster.ServerGroup, have cluster.Nodes) (string, error) {
	for range createTries {
		for _, g := range present {
			if g.Name != want.name || g.Policy != want.policy {
				continue
			}
			if ours, err := s.owns(ctx, clusterID, g, have); ours || err != nil {
				return g.ID, err
			}
		}
		s.Maker.Log(ctx, "creating a server group", "name", want.name, "policy", want.policy)
		id, err := s.Maker.Cloud.CreateServerGroup(ctx, want.name, want.policy)
		if !cluster.IsKind(err, cluster.FaultUnavailable) {
			return id, err
		}
		if present, err = s.Maker.Cloud.ServerGroups(ctx); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("create server group %s: the cloud gave no answer", want.name)
}

// owns reports whether a server group may be the cluster's: its members are these
// nodes, others of the cluster that a list does not show yet, and servers that are
// gone, which a busy Nova shows as members for a while. Without a cluster's ID
// others do not count. Each member that is not among the nodes costs a call.
func (s ServerGroups) owns(ctx context.Context, clusterID string, g cluster.ServerGroup, nodes cluster.Nodes) (bool, error) {
	for _, member := range g.Members {
		if slices.ContainsFunc(nodes, func(n cluster.Node) bool { return n.ID == member }) {
			continue
		}
		n, err := s.Maker.Cloud.NodeByID(ctx, member)
		switch {
		case cluster.IsKind(err, cluster.FaultNotFound), err == nil && n.Gone():
		case err != nil:
			return false, fmt.Errorf("read the members of server group %s: %w", g.Name, err)
		case clusterID == "" || n.ClusterID != clusterID:
			return false, nil
		}
	}
	return true, nil
}

// Tidy deletes server groups that a cluster had and no longer wants, as soon as they
// have no member but the servers that are gone. A deletion that fails is left to
// the next change or to the destroy.
func (s ServerGroups) Tidy(ctx context.Context, had Held, gone cluster.Nodes, d cluster.Document) {
	wanted := HeldBy(d, nil)
	maps.DeleteFunc(had, func(g heldGroup, _ bool) bool { return wanted[g] })
	if len(had) == 0 {
		return
	}
	present, err := s.Maker.Cloud.ServerGroups(ctx)
	for _, g := range present {
		if !had[heldGroup{g.Name, g.Policy}] {
			continue
		}
		empty, unknown := s.owns(ctx, "", g, gone)
		err = errors.Join(err, unknown)
		if empty {
			s.Maker.Log(ctx, "deleting a server group", "name", g.Name, "policy", g.Policy)
			err = errors.Join(err, s.Maker.Cloud.DeleteServerGroup(ctx, g.ID))
		}
	}
	if err != nil {
		s.Maker.Log(ctx, "server groups were not tidied up", "error", err.Error())
	}
}

// Drop deletes all server groups of a cluster. The caller does that before the last
// server goes: a destroy that was interrupted finds the cluster by its servers.
func (s ServerGroups) Drop(ctx context.Context, clusterID string, v cluster.View) error {
	held := HeldBy(v.Document, v.Nodes)
	if len(held) == 0 {
		return nil
	}
	present, err := s.Maker.Cloud.ServerGroups(ctx)
	if err != nil {
		return fmt.Errorf("list the server groups of the cluster: %w", err)
	}
	for _, g := range present {
		if !held[heldGroup{g.Name, g.Policy}] {
			continue
		}
		ours, err := s.owns(ctx, clusterID, g, v.Nodes)
		if err != nil {
			return err
		}
		if !ours {
			continue
		}
		s.Maker.Log(ctx, "deleting a server group", "name", g.Name)
		if err := s.Maker.Cloud.DeleteServerGroup(ctx, g.ID); err != nil {
			return fmt.Errorf("delete server group %s: %w", g.Name, err)
		}
	}
	return nil
}
