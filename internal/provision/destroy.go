package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/wait"
)

// Destroy deletes everything of the cluster, also what the scaler made, then the
// leftovers beside it (see cluster.Ref), and reads the list until nothing is left. It
// releases the floating IPs before it deletes servers: a cluster is found by its
// servers, and the next destroy has to find it if this one is cut short. Of the servers
// the front-end goes first, so that a scaler beside it stops.
//
// A cluster that can't be deleted does not keep the others: the error names what is left
// of each.
//
// If the cloud says nothing about a server in known, Destroy ends before it deletes
// anything: otherwise that server would be forgotten, and stay.
func (p *Provisioner) Destroy(ctx context.Context, ref cluster.Ref, known cluster.Nodes) error {
	released := map[string]bool{}
	for {
		listed, err := p.cloud.ManyNodes(ctx, len(known), ref.Tag())
		ours, leftovers, _ := ref.Split(listed)
		var nodes cluster.Nodes
		if err == nil {
			nodes, err = complete(ctx, p.cloud, p.opts.Concurrency, ref.ID, ours, known)
		}
		if err != nil {
			return fmt.Errorf("list the servers of cluster %s: %w", ref.ID, err)
		}
		// From here on only those count whose deletion no list will show.
		known = nodes[len(ours):]
		var failed []error
		empty := len(listed) == 0
		for _, doomed := range append([]cluster.Nodes{nodes}, leftovers.Clusters()...) {
			none, err := destroyOne(ctx, p, ref, doomed, released)
			empty = none || empty && len(doomed) == 0
			failed = append(failed, err)
		}
		if err := errors.Join(failed...); err != nil {
			return err
		}
		if len(nodes)+len(leftovers) == 0 || empty && len(known) == 0 {
			return nil
		}
	}
}

// destroyOne deletes one of the clusters of a Destroy: its floating IPs, unless they are
// released, then its servers. It reports whether its last list had no server of the
// cluster's name at all.
func destroyOne(ctx context.Context, p *Provisioner, ref cluster.Ref, doomed cluster.Nodes, released map[string]bool) (empty bool, err error) {
	id := ref.ID
	if len(doomed) > 0 {
		id = doomed[0].ClusterID
	}
	if !released[id] && !doomed.NeverFloated() {
		if err := releaseFloatingIPs(ctx, p.cloud, id); err != nil {
			if len(doomed) > 0 {
				err = fmt.Errorf("%w; %s of cluster %s stay", err, strings.Join(doomed.Names(), ", "), id)
			}
			return false, err
		}
		released[id] = true
	}
	if len(doomed) == 0 {
		return false, nil
	}
	empty, err = destroyServers(ctx, p, ref, id, doomed)
	if err != nil {
		return false, fmt.Errorf("delete cluster %s: %w", id, err)
	}
	return empty, nil
}

// destroyServers deletes a cluster's server groups and servers, the front-end first. It
// reports what destroyOne does.
func destroyServers(ctx context.Context, p *Provisioner, ref cluster.Ref, id string, nodes cluster.Nodes) (empty bool, err error) {
	view, err := cluster.ViewOf(nodes)
	if err != nil { // the servers' metadata have to do
		p.opts.Log(ctx, "the cluster document can't be read", "error", err.Error())
	}
	if err := (batch.ServerGroups{Maker: p.maker()}).Drop(ctx, id, view); err != nil {
		return false, err
	}
	var frontEnds, workers cluster.Nodes
	for _, n := range nodes {
		if n.Role == cluster.RoleFrontEnd {
			frontEnds = append(frontEnds, n)
		} else {
			workers = append(workers, n)
		}
	}
	p.opts.Log(ctx, "deleting servers", "count", len(nodes))
	d := newDeletion(p, id)
	d.begin(ctx, frontEnds, workers)
	err = d.await(ctx, every, func(ctx context.Context) error {
		asked := wait.Asked{At: time.Now()}
		listed, err := p.cloud.Nodes(ctx, ref.Tag())
		if err != nil {
			p.opts.Log(ctx, "reading the list of servers failed; trying again", "error", err.Error())
			return err
		}
		asked.Took = time.Since(asked.At)
		empty = len(listed) == 0
		d.look(ctx, listed, asked)
		return nil
	})
	return empty, err
}

func releaseFloatingIPs(ctx context.Context, cloud Cloud, id string) error {
	ips, err := cloud.FloatingIPs(ctx, id)
	if err != nil {
		return fmt.Errorf("list the floating IPs of cluster %s: %w", id, err)
	}
	for ip, address := range ips {
		if err := cloud.DeleteFloatingIP(ctx, ip); err != nil {
			return fmt.Errorf("release floating IP %s: %w", address, err)
		}
	}
	return nil
}

// HasFloatingIP reports whether the cluster has a floating IP.
func (p *Provisioner) HasFloatingIP(ctx context.Context, id string) (bool, error) {
	ips, err := p.cloud.FloatingIPs(ctx, id)
	if err != nil {
		return false, fmt.Errorf("list the floating IPs of cluster %s: %w", id, err)
	}
	return len(ips) > 0, nil
}

// FloatingIP returns the address of the cluster's floating IP, "" if it has none.
func (p *Provisioner) FloatingIP(ctx context.Context, id string) (string, error) {
	ips, err := p.cloud.FloatingIPs(ctx, id)
	if err != nil {
		return "", fmt.Errorf("list the floating IPs of cluster %s: %w", id, err)
	}
	for _, ip := range slices.Sorted(maps.Keys(ips)) {
		return ips[ip], nil
	}
	return "", nil
}
