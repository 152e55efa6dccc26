//go:build acceptance

package acceptance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/cloudenv"
)

// TestClient uses the client's methods one by one, those for which a real
// OpenStack may have another answer than the embedded one. It makes one server
// and one floating IP, and deletes both.
func TestClient(t *testing.T) {
	env, err := cloudenv.Read("OS_CLOUD", cloudenv.Image, cloudenv.Flavor, cloudenv.Network, cloudenv.ExternalNetwork, cloudenv.SecurityGroup)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var calls atomic.Int64
	client, err := openstack.New(ctx, openstack.Config{UserAgent: "vmcluster-acceptance/0", Log: func(_ context.Context, msg string, fields map[string]any) {
		calls.Add(1)
		t.Log(msg, fields)
	}})
	if err != nil {
		t.Fatal(err)
	}
	l := live{T: t, ctx: ctx, client: client, env: env, clusterID: fmt.Sprintf("live-%d", time.Now().Unix())}
	if nodes := l.nodes(); len(nodes) != 0 || calls.Load() != 2 {
		t.Fatalf("login and an empty list: %d nodes, %d requests; want 0 and 2", len(nodes), calls.Load())
	}
	request := l.resolve()
	l.refusals(request)
	l.server(request)
}

type live struct {
	*testing.T
	ctx       context.Context
	client    *openstack.Client
	env       map[string]string
	clusterID string
}

func need[V any](l live, v V, err error) V {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
	return v
}

func (l live) nodes() cluster.Nodes {
	l.Helper()
	nodes, err := l.client.Nodes(l.ctx, cluster.IDTag(l.clusterID))
	return need(l, nodes, err)
}

// resolve looks everything up by name, and again by the ID that it got.
func (l live) resolve() cluster.NodeRequest {
	c, ctx := l.client, l.ctx
	image, err := c.ResolveImage(ctx, l.env[cloudenv.Image])
	need(l, image, err)
	byID, err := c.ResolveImage(ctx, image.ID)
	if need(l, byID, err) != image {
		l.Errorf("image by ID: %v, by name: %v", byID, image)
	}
	flavor, err := c.ResolveFlavor(ctx, l.env[cloudenv.Flavor])
	need(l, flavor, err)
	sameFlavor, err := c.ResolveFlavor(ctx, flavor.ID)
	if need(l, sameFlavor, err) != flavor {
		l.Errorf("flavor by ID: %v, by name: %v", sameFlavor, flavor)
	}
	network, err := c.ResolveNetwork(ctx, l.env[cloudenv.Network])
	need(l, network, err)
	sameNetwork, err := c.ResolveNetwork(ctx, network.ID)
	if need(l, sameNetwork, err).Name != network.Name {
		l.Errorf("network by ID: %v, by name: %v", sameNetwork, network)
	}
	groups, err := c.ResolveSecurityGroups(ctx, []string{l.env[cloudenv.SecurityGroup]})
	need(l, groups, err)
	limits, err := c.Limits(ctx)
	l.Logf("image %v\nflavor %v\nnetwork %v\ngroups %v\nlimits %v", image, flavor, network, groups, need(l, limits, err))
	return cluster.NodeRequest{
		Name: "live-cpu-1", ClusterID: l.clusterID, ClusterName: "live", Role: cluster.RoleWorker, Group: "cpu",
		Image: image.ID, Flavor: flavor.ID, Network: network.ID,
		SecurityGroups: []string{groups[0].ID},
		Metadata:       map[string]string{cluster.MetaFlavor: flavor.ID, cluster.MetaOwner: cluster.OwnerTerraform},
		NeverFloated:   true,
		UserData:       []byte("abcd"), // valid base64, and still to arrive as it is
	}
}

// refusals are errors whose kind and words users depend on.
func (l live) refusals(request cluster.NodeRequest) {
	c, ctx := l.client, l.ctx
	const none = "00000000-0000-4000-8000-000000000000"
	tests := map[string]struct {
		kind cluster.FaultKind
		call func() error
	}{
		"image":       {cluster.FaultNotFound, func() error { _, err := c.ResolveImage(ctx, "no-such"); return err }},
		"image by ID": {cluster.FaultNotFound, func() error { _, err := c.ResolveImage(ctx, none); return err }},
		"flavor":      {cluster.FaultNotFound, func() error { _, err := c.ResolveFlavor(ctx, "no-such"); return err }},
		"network":     {cluster.FaultNotFound, func() error { _, err := c.ResolveNetwork(ctx, "no-such"); return err }},
		"external network": {cluster.FaultNotFound, func() error {
			_, err := c.ResolveExternalNetwork(ctx, l.env[cloudenv.Network])
			return err
		}},
		"key pair": {cluster.FaultNotFound, func() error { _, err := c.ResolveKeyPair(ctx, "no-such"); return err }},
		"security group": {cluster.FaultNotFound, func() error {
			_, err := c.ResolveSecurityGroups(ctx, []string{"no-such"})
			return err
		}},
		"metadata": {cluster.FaultNotFound, func() error { _, err := c.Metadata(ctx, none); return err }},
		"create without an image": {cluster.FaultBadRequest, func() error {
			request.Image = none
			_, err := c.CreateNode(ctx, request)
			return err
		}},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		err := tests[name].call()
		if !cluster.IsKind(err, tests[name].kind) {
			l.Errorf("%s: %v (%s), want kind %s", name, err, cluster.KindOf(err), tests[name].kind)
			continue
		}
		l.Logf("%s: %v", name, err)
	}
	if err := c.DeleteNode(ctx, none); err != nil {
		l.Errorf("delete a server that is not there: %v", err)
	}
	if err := c.DeleteFloatingIP(ctx, none); err != nil {
		l.Errorf("release a floating IP that is not there: %v", err)
	}
}

// server follows one server through its life.
func (l live) server(request cluster.NodeRequest) {
	c, ctx := l.client, l.ctx
	id, err := c.CreateNode(ctx, request)
	need(l, id, err)
	defer l.remove(id)
	node := l.active(id)
	if node.ClusterID != l.clusterID || node.Role != cluster.RoleWorker || node.Group != "cpu" ||
		node.Address == "" || !node.NeverFloated || node.Image != request.Image || node.Flavor != request.Flavor || node.Created.IsZero() {
		l.Errorf("node is %v", node)
	}
	metadata := map[string]string{"one": "1", "empty": ""}
	for n := range 100 {
		metadata[fmt.Sprintf("vmcluster_doc_%03d", n)] = strings.Repeat("x", 255)
	}
	held, err := c.SetMetadata(ctx, id, metadata)
	if !maps.Equal(need(l, held, err), metadata) {
		l.Errorf("Nova holds %d items, set were %d", len(held), len(metadata))
	}
	read, err := c.Metadata(ctx, id)
	if !maps.Equal(need(l, read, err), metadata) {
		l.Errorf("read %d items, set were %d", len(read), len(metadata))
	}
	report, err := c.Report(ctx, id)
	if need(l, report, err) != "" {
		l.Errorf("report of a silent server: %q", report)
	}
	if err := c.ClearReport(ctx, id); err != nil {
		l.Error(err)
	}
	tail, err := c.ConsoleTail(ctx, id, 5)
	l.Logf("console: %q, %v", tail, err)
	for range 2 { // the second finds no mark
		if err := c.ExpectFloating(ctx, id); err != nil {
			l.Error(err)
		}
	}
	l.floatingIP(id)
}

func (l live) floatingIP(id string) {
	c, ctx := l.client, l.ctx
	network, err := c.ResolveExternalNetwork(ctx, l.env[cloudenv.ExternalNetwork])
	need(l, network, err)
	address, err := c.AssociateFloatingIP(ctx, l.clusterID, id, network.ID, "", false)
	need(l, address, err)
	again, err := c.AssociateFloatingIP(ctx, l.clusterID, id, network.ID, "", false)
	if need(l, again, err) != address {
		l.Errorf("associated again: %s after %s", again, address)
	}
	found, err := c.FloatingIPs(ctx, l.clusterID)
	if len(need(l, found, err)) != 1 {
		l.Errorf("floating IPs of the cluster: %v, want one", found)
	}
	if listed := l.nodes()[0]; listed.NeverFloated {
		l.Error("the list shows a server whose mark was removed as one that never had a floating IP")
	} else {
		l.Logf("floating IP %s; the list shows %q", address, listed.Floating)
	}
}

func (l live) active(id string) cluster.Node {
	for {
		nodes := l.nodes()
		if len(nodes) != 1 || nodes[0].ID != id {
			l.Fatalf("the list shows %d nodes, want %s alone", len(nodes), id)
		}
		switch nodes[0].Status {
		case cluster.StatusActive:
			return nodes[0]
		case cluster.StatusError:
			l.Fatalf("server in ERROR: %v", nodes[0].Fault)
		}
		l.pause()
	}
}

func (l live) pause() {
	l.Helper()
	time.Sleep(2 * time.Second)
	if err := l.ctx.Err(); err != nil {
		l.Fatal(err)
	}
}

// remove deletes the server and then the floating IP, which a deleted server
// leaves behind, and looks that both are gone.
func (l live) remove(id string) {
	if err := l.client.DeleteNode(l.ctx, id); err != nil {
		l.Error(err)
	}
	found, err := l.client.FloatingIPs(l.ctx, l.clusterID)
	for fip := range need(l, found, err) {
		if err := l.client.DeleteFloatingIP(l.ctx, fip); err != nil {
			l.Error(err)
		}
	}
	for len(l.nodes()) > 0 {
		l.pause()
	}
	left, err := l.client.FloatingIPs(l.ctx, l.clusterID)
	if len(need(l, left, err)) != 0 {
		l.Errorf("floating IPs left: %v", left)
	}
}
