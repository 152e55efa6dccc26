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
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/v2/pagination"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// pageSize is Nova's own upper limit of a page ([api] max_limit).
const pageSize = 1000

// record is what a list tells of a server, as far as nodes need it.
type record struct {
	ID        string               `json:"id"`
	Name      string               `json:"name"`
	Status    string               `json:"status"`
	Created   string               `json:"created"`
	Image     json.RawMessage      `json:"image"` // "" for a server on a volume
	Addresses map[string][]address `json:"addresses"`
	Metadata  map[string]string    `json:"metadata"`
	Tags      []string             `json:"tags"`
	Fault     *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"fault"`
}

type address struct {
	Addr string `json:"addr"`
	Type string `json:"OS-EXT-IPS:type"` // fixed or floating
}

// Nodes returns every server of the project that carries all the tags, in one
// request a page. Deleted servers are left out; so are, when no tag is given,
// those of no cluster.
func (c *Client) Nodes(ctx context.Context, tags ...string) (cluster.Nodes, error) {
	op := "list servers"
	if len(tags) > 0 {
		op += " tagged " + strings.Join(tags, ", ")
	}
	if slices.Contains(tags, "") {
		return nil, &cluster.CloudError{Kind: cluster.FaultBadRequest, Op: op, Message: "a tag is empty"}
	}
	return on(op, c.compute, func(sc *gophercloud.ServiceClient) (cluster.Nodes, error) {
		var nodes cluster.Nodes
		opts := servers.ListOpts{Tags: strings.Join(tags, ","), Limit: pageSize}
		err := servers.List(sc, opts).EachPage(ctx, func(_ context.Context, page pagination.Page) (bool, error) {
			var records []record
			if err := servers.ExtractServersInto(page, &records); err != nil {
				return false, err
			}
			for _, r := range records {
				n, ours := r.node()
				if !n.Gone() && (ours || len(tags) > 0) {
					nodes = append(nodes, n)
				}
			}
			return true, nil
		})
		return nodes, err
	})
}

// node turns a server into a node, and reports whether its tags make it one of
// a cluster.
func (r record) node() (cluster.Node, bool) {
	n := cluster.Node{ID: r.ID, Name: r.Name, Status: cluster.Status(strings.ToUpper(r.Status))}
	ours := cluster.ReadTags(&n, r.Tags)
	cluster.ReadMetadata(&n, r.Metadata)
	n.Address, n.Floating = r.addresses()
	if r.Fault != nil {
		n.Fault = &cluster.Fault{Code: r.Fault.Code, Message: r.Fault.Message}
	}
	var image struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(r.Image, &image) == nil {
		n.Image = image.ID
	}
	if created, err := time.Parse(time.RFC3339, r.Created); err == nil {
		n.Created = created
	}
	return n, ours
}

// addresses returns the first fixed address, IPv4 before IPv6, and the first
// floating one.
func (r record) addresses() (fixed, floating string) {
	var fixed6 string
	for _, network := range slices.Sorted(maps.Keys(r.Addresses)) {
		for _, a := range r.Addresses[network] {
			ip, err := netip.ParseAddr(a.Addr)
			switch {
			case err != nil:
			case a.Type == "floating" && floating == "":
				floating = a.Addr
			case a.Type == "floating":
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
