package cluster

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/rule"
)

// dataSource reads a cluster that another configuration made.
type dataSource struct{ session *Session }

var _ datasource.DataSourceWithConfigure = (*dataSource)(nil)

// NewDataSource returns the data source vmcluster_cluster, not configured yet.
func NewDataSource() datasource.DataSource { return &dataSource{} }

func (d *dataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_cluster"
}

func (d *dataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

// dataModel is the data source in Terraform's types.
type dataModel struct {
	ID              types.String `tfsdk:"id"`
	Name            types.String `tfsdk:"name"`
	BatchSystem     types.String `tfsdk:"batch_system"`
	BatchConfig     types.String `tfsdk:"batch_config"`
	LoginUser       types.String `tfsdk:"login_user"`
	FrontEndAddress types.String `tfsdk:"front_end_address"`
	Generation      types.Int64  `tfsdk:"generation"`
	Groups          types.Map    `tfsdk:"groups"`
	Nodes           types.String `tfsdk:"nodes"` // packed, see Nodes
	HostsFile       types.String `tfsdk:"hosts_file"`
	SSHConfig       types.String `tfsdk:"ssh_config"`
	KnownHosts      types.String `tfsdk:"known_hosts"`
}

// groupState is an entry of the data source's map `groups`.
type groupState struct {
	Count   types.Int64  `tfsdk:"count"`
	Flavor  types.String `tfsdk:"flavor"`
	Image   types.String `tfsdk:"image"`
	Network types.String `tfsdk:"network"`

	CPUs      types.Int64 `tfsdk:"cpus"`
	MemoryMiB types.Int64 `tfsdk:"memory_mib"`
	GPUs      types.Int64 `tfsdk:"gpus"`
}

var groupStateType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"count": types.Int64Type, "flavor": types.StringType, "image": types.StringType, "network": types.StringType,
	"cpus": types.Int64Type, "memory_mib": types.Int64Type, "gpus": types.Int64Type,
}}

func (d *dataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	number := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
	}
	which := func(description string, rules ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: description, Validators: append(rules, nameOrID())}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A cluster that exists, made by any configuration: found by its name or its ID among the servers of the project, " +
			"and read from the cloud alone. It serves a configuration that uses a cluster without owning it.",
		Attributes: map[string]schema.Attribute{
			"id":                which("ID of the cluster. Either this or `name` is given."),
			"name":              which("Name of the cluster. Either this or `id` is given; where two clusters of the project have the same name, only the ID distinguishes them.", rule.InPlaceOf("id")),
			"batch_system":      text("The batch system: " + node.Choices() + "."),
			"batch_config":      text("The own lines of its configuration; null if there are none."),
			"login_user":        text("The account for which every node trusts every node; empty if there is none."),
			"front_end_address": text("Where the front-end is reached: its floating IP if Nova shows one, else its fixed address. Null while there is no front-end."),
			"generation": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "Number of the present roster; it increases with every change.",
			},
			"groups": schema.MapNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The worker groups by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"count": schema.Int64Attribute{
						Computed:            true,
						MarkdownDescription: "How many workers of the group exist and can be expected to work, made by Terraform or by the scaler: those in ERROR or SHUTOFF are left out.",
					},
					"flavor":  text("ID of the flavor that new workers of the group get."),
					"image":   text("ID of the image that new workers of the group get."),
					"network": text("ID of the network that new workers of the group get."),

					"cpus":       number("CPUs of a worker; null if the document does not say it."),
					"memory_mib": number("Memory of a worker in MiB; null if the document does not say it."),
					"gpus":       number("GPUs of a worker; null if the group is in no document."),
				}},
			},
			"nodes":       text("All nodes by name."), // see Nodes
			"hosts_file":  text("Lines of `/etc/hosts` for all nodes."),
			"ssh_config":  text(sshConfigDescription),
			"known_hosts": text(knownHostsDescription),
		},
	}
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var data dataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	at, nameOrID := path.Root("name"), data.Name.ValueString()
	if !data.ID.IsNull() {
		at, nameOrID = path.Root("id"), data.ID.ValueString()
	}
	prov, err := d.session.Provisioner(ctx)
	if err != nil {
		resp.Diagnostics.Append(diagnose.Unbegun("The cluster can't be read", err))
		return
	}
	view, err := prov.Find(ctx, nameOrID)
	if err == nil {
		view, err = withFloating(ctx, prov, view)
	}
	if err != nil {
		if not, reason := notOneCluster(err); not != "" {
			resp.Diagnostics.AddAttributeError(at, not, reason)
			return
		}
		resp.Diagnostics.Append(diagnose.Unbegun("The cluster can't be read", err))
		return
	}
	resp.Diagnostics.Append(data.observe(ctx, view)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}

// observe fills the model with what the cloud shows.
func (m *dataModel) observe(ctx context.Context, v cluster.View) diag.Diagnostics {
	var diags diag.Diagnostics
	v.Nodes = shown(v)
	m.ID, m.Name = types.StringValue(clusterID(v)), types.StringValue(clusterName(v))
	m.BatchConfig = orNull(v.Document.BatchConfig)
	m.BatchSystem, m.LoginUser = orNull(string(v.Document.BatchSystem)), types.StringValue(v.Document.LoginUser)
	m.Generation = types.Int64Value(v.Document.Generation)
	groups, more := types.MapValueFrom(ctx, groupStateType, groupStates(v))
	diags.Append(more...)
	m.Groups = groups
	states, _ := observedNodes(v)
	m.Nodes = nodesValue(states)
	m.FrontEndAddress = orNull(frontEndAddress(v.Nodes, ""))
	m.HostsFile = types.StringValue(hostsFile(states))
	a := accessOf(m.Name.ValueString(), v.Document.LoginUser, m.FrontEndAddress.ValueString(), sortedNames(m.Groups.Elements()), v)
	m.SSHConfig, m.KnownHosts = types.StringValue(a.sshConfig()), orNull(a.knownHosts())
	return diags
}

func clusterID(v cluster.View) string {
	for _, n := range v.Nodes {
		return n.ClusterID
	}
	return v.Document.ID
}

// groupStates returns the groups of the document, and those that only have workers.
func groupStates(v cluster.View) map[string]groupState {
	counts := workingWorkers(v.Nodes)
	out := make(map[string]groupState, len(counts))
	for name, spec := range v.Document.Groups {
		out[name] = groupState{Count: types.Int64Value(int64(len(counts[name]))),
			Flavor: orNull(spec.Flavor), Image: orNull(spec.Image), Network: orNull(spec.Network),
			CPUs: known(spec.Machine.CPUs), MemoryMiB: known(spec.Machine.MemoryMiB), GPUs: types.Int64Value(int64(spec.Machine.GPUs))}
	}
	for name, workers := range counts {
		if _, described := out[name]; !described {
			out[name] = groupState{Count: types.Int64Value(int64(len(workers))),
				Flavor: types.StringNull(), Image: types.StringNull(), Network: types.StringNull()}
		}
	}
	return out
}

// known returns a number, null for 0, which stands for one that is not known.
func known(n int) types.Int64 {
	if n == 0 {
		return types.Int64Null()
	}
	return types.Int64Value(int64(n))
}

// workingWorkers returns the names of the workers that are not unfit, by group;
// a group whose workers are all unfit has an empty entry.
func workingWorkers(nodes cluster.Nodes) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, w := range nodes.Workers("") {
		if out[w.Group] == nil {
			out[w.Group] = map[string]bool{}
		}
		if !w.Unfit() {
			out[w.Group][w.Name] = true
		}
	}
	return out
}
