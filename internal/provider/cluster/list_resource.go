package cluster

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
)

// listResource lists clusters for "terraform query" (Terraform 1.14 or newer).
type listResource struct{ session *Session }

var _ list.ListResourceWithConfigure = (*listResource)(nil)

// NewListResource returns the list resource vmcluster_cluster, not configured yet.
func NewListResource() list.ListResource { return &listResource{} }

func (l *listResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_cluster"
}

func (l *listResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (l *listResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The clusters of the project, by the tags of their servers: finished ones, and what an interrupted apply left.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{hostName(cluster.CheckClusterName)},
				MarkdownDescription: "Only clusters of that name.",
			},
		},
	}
}

// List reads the project's servers once, however many clusters they make up.
func (l *listResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var name types.String
	diags := req.Config.GetAttribute(ctx, path.Root("name"), &name)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	found, err := l.find(ctx, name.ValueString())
	if err != nil {
		diags.Append(diagnose.Unbegun("The clusters can't be listed", err))
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		for i, view := range found {
			if req.Limit > 0 && int64(i) >= req.Limit || !push(listed(ctx, req, view)) {
				return
			}
		}
	}
}

func (l *listResource) find(ctx context.Context, name string) ([]cluster.View, error) {
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	prov, err := l.session.Provisioner(ctx)
	if err != nil {
		return nil, err
	}
	return prov.Clusters(ctx, name)
}

func listed(ctx context.Context, req list.ListRequest, v cluster.View) list.ListResult {
	result := req.NewListResult(ctx)
	id := types.StringValue(clusterID(v))
	result.DisplayName = fmt.Sprintf("%s (%d workers)", clusterName(v), len(shown(v).Workers("")))
	if _, whole := v.Nodes.FrontEnd(); !whole {
		result.DisplayName = clusterName(v) + " (no front-end)"
	}
	result.Diagnostics.Append(identify(ctx, result.Identity, id)...)
	if req.IncludeResource {
		result.Diagnostics.Append(setListed(ctx, result.Resource, id, v)...)
	}
	return result
}

// setListed fills the resource in as an import of the cluster would.
func setListed(ctx context.Context, to *tfsdk.Resource, id types.String, v cluster.View) diag.Diagnostics {
	var m model
	diags := to.SetAttribute(ctx, path.Root("id"), id)
	diags.Append(to.Get(ctx, &m)...) // null values of the right types
	if diags.HasError() {
		return diags
	}
	if diags.Append(m.observe(ctx, v)...); diags.HasError() {
		return diags
	}
	diags.Append(to.Set(ctx, &m)...)
	return diags
}
