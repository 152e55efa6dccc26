package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/batch"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// Destroy deletes everything that carries the cluster's tag, whoever made it: the
// floating IPs before the servers, because a cluster is known by its servers and
// whoever is cut short must find it again; of the servers the front-end first, so
// that a scaler beside it stops. It reads the list until nothing is left.
//
// A known server that the cloud does not tell about ends it before anything is
// deleted: nobody would remember the server, and it would stay.
func (p *Provisioner) Destroy(ctx context.Context, id string, known cluster.Nodes) error {
	for released := false; ; {
		listed, err := p.cloud.Nodes(ctx, cluster.IDTag(id))
		if err != nil {
			return fmt.Errorf("list the servers of cluster %s: %w", id, err)
		}
		nodes, err := p.complete(ctx, id, listed, known)
		if err != nil {
			return fmt.Errorf("list the servers of cluster %s: %w", id, err)
		}
		// From here on those count whose deletion no list will show.
		known = nodes[len(listed):]
		if !released {
			if err := p.releaseFloatingIPs(ctx, id); err != nil {
				return err
			}
			released = true
		}
		if len(nodes) == 0 {
			return nil
		}
		var first, then cluster.Nodes
		for _, n := range nodes {
			if n.Role == cluster.RoleFrontEnd {
				first = append(first, n)
			} else {
				then = append(then, n)
			}
		}
		view, err := cluster.ViewOf(nodes)
		if err != nil {
			p.opts.Log(ctx, "the cluster document can't be read", "error", err.Error()) // what the servers tell has to do
		}
		if err := (batch.ServerGroups{Maker: p.maker()}).Drop(ctx, id, view); err != nil {
			return err
		}
		p.opts.Log(ctx, "deleting servers", "count", len(nodes))
		d := deletion{p: p, cluster: id, servers: nodes}
		d.request(ctx, first)
		d.request(ctx, then)
		if err := d.await(ctx, nil); err != nil {
			return err
		}
	}
}

func (p *Provisioner) releaseFloatingIPs(ctx context.Context, id string) error {
	ips, err := p.cloud.FloatingIPs(ctx, id)
	if err != nil {
		return fmt.Errorf("list the floating IPs of cluster %s: %w", id, err)
	}
	for ip, address := range ips {
		if err := p.cloud.DeleteFloatingIP(ctx, ip); err != nil {
			return fmt.Errorf("release floating IP %s: %w", address, err)
		}
	}
	return nil
}

// HasFloatingIP tells whether a floating IP of the cluster is there.
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
