package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	clusterresource "github.com/vmcluster/terraform-provider-vmcluster/internal/provider/cluster"
)

// hostsFunction is provider::vmcluster::hosts_file.
type hostsFunction struct{}

var _ function.Function = hostsFunction{}

func newHostsFunction() function.Function { return hostsFunction{} }

func (hostsFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "hosts_file"
}

func (hostsFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Lines of /etc/hosts for nodes",
		MarkdownDescription: "Writes nodes as lines of `/etc/hosts`: those of one cluster, of several merged, or any machines given by hand. " +
			"Front-ends come first, then workers in order of name, numbers as numbers; a node without an address is left out.",
		Parameters: []function.Parameter{
			function.MapParameter{
				Name: "nodes",
				ElementType: types.ObjectType{AttrTypes: map[string]attr.Type{
					"address": types.StringType,
				}},
				MarkdownDescription: "Nodes by name, each an object with an `address`, such as the attribute `nodes` of a cluster; other attributes are passed over.",
			},
		},
		Return: function.StringReturn{},
	}
}

func (hostsFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var nodes map[string]*struct {
		Address types.String `tfsdk:"address"`
	}
	if resp.Error = req.Arguments.Get(ctx, &nodes); resp.Error != nil {
		return
	}
	endpoints := make([]clusterresource.Endpoint, 0, len(nodes))
	for name, n := range nodes {
		e := clusterresource.Endpoint{Name: name, FrontEnd: strings.HasSuffix(name, "-"+cluster.FrontEndGroup)}
		if n != nil {
			e.Address = n.Address.ValueString()
		}
		endpoints = append(endpoints, e)
	}
	resp.Error = resp.Result.Set(ctx, clusterresource.HostsFile(endpoints))
}
