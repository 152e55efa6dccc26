package openstack

import (
	"context"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// launchedAt is how Nova writes the time at which a build was done: in UTC, without
// naming it.
const launchedAt = "2006-01-02T15:04:05"

// nodeCalls has the calls for servers, as nodes of clusters.
type nodeCalls struct{ *services }

// record is a server as a list shows it, as far as nodes need it.
type record struct {
	ID        string               `json:"id"`
	Name      string               `json:"name"`
	Status    string               `json:"status"`
	Task      string               `json:"OS-EXT-STS:task_state"`
	Created   string               `json:"created"`
	Launched  string               `json:"OS-SRV-USG:launched_at"`
	Zone      string               `json:"OS-EXT-AZ:availability_zone"`
	Image     json.RawMessage      `json:"image"` // "" for a server on a volume
	Addresses map[string][]address `json:"addresses"`
	Metadata  map[string]string    `json:"metadata"`
	Tags      []string             `json:"tags"`
	Volumes   []struct {
		ID   string `json:"id"`
		Goes bool   `json:"delete_on_termination"`
	} `json:"os-extended-volumes:volumes_attached"`
	Fault *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"fault"`
}

type address struct {
	Addr string `json:"addr"`
	Type string `json:"OS-EXT-IPS:type"` // fixed or floating
}

// Nodes returns every server of the project that has all the tags, in one request a
// page. Deleted servers are left out. Without a tag, servers of no cluster are left
// out as well.
func (c nodeCalls) Nodes(ctx context.Context, tags ...string) (cluster.Nodes, error) {
	return c.ManyNodes(ctx, 0, tags...)
}

// ManyNodes is Nodes where about that many servers are expected. A long list is read from
// both ends side by side.
func (c nodeCalls) ManyNodes(ctx context.Context, about int, tags ...string) (cluster.Nodes, error) {
	return c.list(ctx, about, filter{allTags, tags})
}

// NodesWithAny is Nodes for servers that have one of the tags at least.
func (c nodeCalls) NodesWithAny(ctx context.Context, tags ...string) (cluster.Nodes, error) {
	return c.list(ctx, 0, filter{anyTag, tags})
}

func (c nodeCalls) list(ctx context.Context, about int, f filter) (cluster.Nodes, error) {
	op := "list servers" + f.words()
	if slices.Contains(f.tags, "") {
		return nil, &cluster.CloudError{Kind: cluster.FaultBadRequest, Op: op, Message: "a tag is empty"}
	}
	return on(op, c.compute, func(sc *gophercloud.ServiceClient) (cluster.Nodes, error) {
		records, err := serverList{sc, f}.read(ctx, about)
		if err != nil {
			return nil, err
		}
		nodes := make(cluster.Nodes, 0, len(records))
		for _, r := range records {
			n, ours := r.node()
			if !n.Gone() && (ours || len(f.tags) > 0) {
				nodes = append(nodes, n)
			}
		}
		return nodes, nil
	})
}

// NodeByID reads one server.
func (c nodeCalls) NodeByID(ctx context.Context, id string) (cluster.Node, error) {
	return on("read server "+id, c.compute, func(sc *gophercloud.ServiceClient) (cluster.Node, error) {
		var answer struct {
			Server *record `json:"server"`
		}
		if _, err := sc.Get(ctx, sc.ServiceURL("servers", id), &answer, nil); err != nil {
			return cluster.Node{}, err
		}
		if answer.Server == nil || answer.Server.ID != id {
			return cluster.Node{}, &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: "read server " + id, Message: "the answer does not hold that server"}
		}
		n, _ := answer.Server.node()
		return n, nil
	})
}

// node turns a server into a node, and reports whether its tags make it one of
// a cluster.
func (r record) node() (cluster.Node, bool) {
	n := cluster.Node{ID: r.ID, Name: text.Clean(r.Name), Status: cluster.Status(text.Clean(strings.ToUpper(r.Status)))}
	if r.Task == "deleting" && !n.Gone() {
		n.Status = cluster.StatusDeleting
	}
	n.Zone = text.Clean(r.Zone)
	ours := cluster.ReadTags(&n, r.Tags)
	n.Address, n.Floating = r.addresses()
	if r.Fault != nil {
		n.Fault = &cluster.Fault{Code: r.Fault.Code, Message: clean(r.Fault.Message)}
	}
	var image struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(r.Image, &image) == nil {
		n.Image = image.ID
	}
	for _, v := range r.Volumes {
		if v.Goes {
			n.Volumes = append(n.Volumes, v.ID)
		}
	}
	cluster.ReadMetadata(&n, r.Metadata)
	if created, err := time.Parse(time.RFC3339, r.Created); err == nil {
		n.Created = created
	}
	if launched, err := time.Parse(launchedAt, r.Launched); err == nil {
		n.Launched = launched
	}
	return n, ours
}

// addresses returns the first fixed address, IPv4 before IPv6, and the first floating
// one. A node of several networks has its fixed address from the network that its
// metadata names, and none before that network shows one.
func (r record) addresses() (fixed, floating string) {
	networks := slices.Sorted(maps.Keys(r.Addresses))
	wanted, several := r.Metadata[cluster.MetaNetwork]
	if _, there := r.Addresses[wanted]; several && !there && r.Status == string(cluster.StatusActive) {
		several = false // the network has another name now
	}
	var fixed6 string
	for _, network := range networks {
		for _, a := range r.Addresses[network] {
			ip, err := netip.ParseAddr(a.Addr)
			switch {
			case err != nil, ip.Zone() != "": // a zone may be any text
			case a.Type == "floating" && floating == "":
				floating = a.Addr
			case a.Type == "floating" || several && network != wanted:
			case ip.Is4() && fixed == "":
				fixed = a.Addr
			case ip.Is6() && fixed6 == "":
				fixed6 = a.Addr
			}
		}
	}
	if fixed == "" {
		fixed = fixed6
	}
	return fixed, floating
}
