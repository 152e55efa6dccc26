package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	clusterresource "github.com/vmcluster/terraform-provider-vmcluster/internal/provider/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
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
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		e := clusterresource.Endpoint{Name: name, FrontEnd: strings.HasSuffix(name, "-"+cluster.FrontEndGroup)}
		if n := nodes[name]; n != nil {
			e.Address = n.Address.ValueString()
		}
		if err := checkEndpoint(e); err != nil {
			resp.Error = function.NewArgumentFuncError(0, diagnose.Sentence(err.Error()))
			return
		}
		endpoints = append(endpoints, e)
	}
	resp.Error = resp.Result.Set(ctx, clusterresource.HostsFile(endpoints))
}

// checkEndpoint refuses what would not be one line of /etc/hosts.
func checkEndpoint(e clusterresource.Endpoint) error {
	if err := cluster.CheckHostName(e.Name); err != nil {
		return fmt.Errorf("nodes[%+q]: %w", e.Name, err)
	}
	if e.Address == "" {
		return nil
	}
	if err := clusterresource.CheckAddress(e.Address); err != nil {
		return fmt.Errorf("nodes[%q].address = %+q: %w", e.Name, e.Address, err)
	}
	return nil
}
