package cluster

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/node"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/rule"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// Defaults of what a configuration leaves out.
const (
	defaultDrainTimeout = "30m"
	defaultWait         = string(provision.WaitJoined)
	defaultGroup        = "default" // the security group that every project has
)

const clusterDescription = "A whole compute cluster: one front-end and groups of workers, made, joined, repaired and shrunk as one.\n\n" +
	"Workers are created first, then the front-end with the roster of all of them. The front-end then joins each worker: " +
	"`/etc/hosts` is complete on every node, and as `login_user` every node reaches every node by SSH, by name, without a password. " +
	"An apply returns when the cluster works (see `wait_for`).\n\n" +
	"Nodes are named `<name>-frontend` and `<name>-<group>-<number>`, lowest free number first, so the plan lists in `nodes` exactly which nodes come, stay and go. " +
	"A worker that could not be made is a warning, not an error; the next apply makes it. " +
	"A new image, flavor, `cloud_config` or `files` applies to the nodes made from then on; with `replacement`, present workers follow it, a few at a time.\n\n" +
	"While a scaler adds and removes workers, `nodes`, `worker_names`, `hosts_file`, `generation` and the `count` of scaled groups follow them at each refresh. " +
	"All other attributes stay, `ssh_config` and `known_hosts` among them: outputs that hold no others show no difference in a plan (`-detailed-exitcode` is 0)."

// Schema returns the attributes of the resource.
func (r *clusterResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"front_end":                     frontEndAttribute(),
		"workers":                       workersAttribute(),
		"batch_system":                  batchSystemAttribute(),
		"coordinator":                   coordinatorAttribute(),
		"ssh_ca_private_key_wo":         caKeyAttribute(),
		"ssh_ca_private_key_wo_version": caKeyVersionAttribute(),
		"ssh_ca_former_private_key_wo":  formerCAKeyAttribute(),
		"document_signing":              documentSigningAttribute(),
	}
	maps.Copy(attributes, clusterAttributes())
	maps.Copy(attributes, applyAttributes(ctx))
	maps.Copy(attributes, computedAttributes())
	resp.Schema = schema.Schema{MarkdownDescription: clusterDescription, Attributes: attributes}
}

// clusterAttributes describe the cluster and what its nodes have in common.
func clusterAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required:            true,
			Validators:          []validator.String{hostName(cluster.CheckClusterName)},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			MarkdownDescription: "Name of the cluster and prefix of its nodes' names: a DNS label of at most 36 characters. Another name makes another cluster.",
		},
		"image":           optionalName("Image of the nodes, by name or ID, where `front_end` or a group names no other."),
		"network":         optionalName("Network of the nodes, by name or ID, where `front_end` or a group names no other."),
		"networks":        networksAttribute("Networks of the nodes, by name or ID, where they have several; in place of `network`.", "network"),
		"cluster_network": optionalName("Which of several networks is for the cluster's traffic, written as in `networks`: the roster, `/etc/hosts` and SSH use its addresses. The first if left out."),
		"key_pair":        optionalName("The operators' Nova key pair. It is given to the nodes made from then on; a plan that changes it names the nodes that keep the old key."),
		"security_groups": defaultSecurityGroups(),
		"login_user": schema.StringAttribute{
			Optional: true, Computed: true,
			Validators:    []validator.String{rule.Text("must be a user name", "", CheckLoginUser)},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIfConfigured()},
			MarkdownDescription: "The account for which every node trusts every node; it is made on the nodes. " +
				"The default is the cluster's name, cut to 32 characters. An account that the images have already (system accounts, `debian`, `ubuntu` and the like) is refused. Another one makes another cluster.",
		},
		"login_uid": schema.Int64Attribute{
			CustomType: whole.Type{},
			Optional:   true, Computed: true,
			Default:             int64default.StaticInt64(cluster.DefaultLoginUID),
			Validators:          []validator.Int64{whole.Between(LeastLoginUID, MostLoginUID)},
			PlanModifiers:       []planmodifier.Int64{int64planmodifier.RequiresReplace()},
			MarkdownDescription: "The uid and gid of `login_user` on every node. Another one makes another cluster.",
		},
	}
}

// applyAttributes describe how a change is carried out.
func applyAttributes(ctx context.Context) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"wait_for": schema.StringAttribute{
			Optional: true, Computed: true,
			Default:    stringdefault.StaticString(defaultWait),
			Validators: []validator.String{rule.OneOf(string(provision.WaitJoined), string(provision.WaitActive))},
			MarkdownDescription: "When an apply is done: `joined` (the front-end reports that every worker has the present roster) " +
				"or `active` (every server is ACTIVE in Nova; nothing is known of what runs on it, so workers that leave or are replaced are not drained).",
		},
		"drain_timeout": schema.StringAttribute{
			Optional: true, Computed: true,
			Default:             stringdefault.StaticString(defaultDrainTimeout),
			Validators:          []validator.String{drainTime()},
			MarkdownDescription: "How long a worker that leaves may finish its jobs, for example `30m` or `2h`. After that it is deleted; an apply whose `timeouts.update` ends before that deletes no worker that still runs jobs, and the next one goes on. `0s` does not drain at all.",
		},
		"replacement": replacementAttribute(),
		"timeouts":    timeoutsAttribute(ctx),
	}
}

const (
	sshConfigDescription = "An OpenSSH client configuration: the front-end by its name, and the workers of each group by a pattern, reached through the front-end, which looks their names up. " +
		"It changes with the front-end's address and the groups, and not as workers come and go. " +
		"Host keys are checked by `~/.ssh/known_hosts_<name>`, which has to hold `known_hosts`; `-o UserKnownHostsFile=…` names another file."
	knownHostsDescription = "Lines of an OpenSSH `known_hosts` file: the front-end's host key under its name and addresses, and the CA of the workers' host certificates, so that no first login is on trust. " +
		"It changes with the front-end only. Null until the front-end has reported its key: with `wait_for = \"active\"` that may be the next apply, or a scaler's next action."
)

// computedAttributes are those that the provider fills.
func computedAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": computedString("ID of the cluster (a UUID). Every server is tagged `vmcluster:<id>`."),
		// Packed, see Nodes and WorkerNames.
		"nodes":        computedString("All nodes by name. Of a worker that comes, a plan knows the name only; see `worker_names`."),
		"worker_names": computedString("Names of each group's workers. A plan knows them, those of workers to come as well, so that `for_each` can use them."),

		"front_end_address": computedString("Where the front-end is reached: its floating IP if it has one, else its fixed address."),
		"hosts_file":        computedString("Lines of `/etc/hosts` for all nodes."),
		"ssh_config":        computedString(sshConfigDescription),
		"known_hosts":       computedString(knownHostsDescription),
		"generation": schema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: "Number of the present roster; it increases with every change.",
		},
		"resolved": schema.MapAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "What the names in the configuration stand for, as `kind/name` → ID (for a key pair: its public key). " +
				"Names are looked up when they are new and when nodes are to be made.",
		},
	}
}

const installDescription = "Whether cloud-init installs the batch system's packages that the image lacks, from the distribution's archive, at a node's first boot. " +
	"The packages' names are those of Debian 13. A node joins half a minute to a minute and a half later: it fetches about 30 MB from the mirrors of the archive, " +
	"or from those that `apt` in `cloud_config` names. Where no mirror answers, the node tries again by itself, each minute for half an hour. " +
	"An image that has the packages needs no mirror: `images` in the repository is a recipe. Where no distribution has packages of the batch system, `true` is refused. The default is `false`. A change holds for the nodes made from then on."

func batchSystemAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		Default: objectdefault.StaticValue(batchSystemModel{Type: types.StringValue(string(cluster.BatchNone))}.value()),
		Attributes: map[string]schema.Attribute{
			"type": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{rule.OneOf(node.BatchSystems()...)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				MarkdownDescription: node.Choices() + "; the image must have the packages of a batch system, or `install` be true. Another one makes another cluster.",
			},
			"config": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{rule.Text("must be lines of configuration", "", cluster.CheckBatchConfig)},
				MarkdownDescription: "Your own lines of the batch system's configuration, on every node, at most 8 KiB: each is empty, a comment, or a setting (`NAME = value`) on one line. " +
					"Settings of vmcluster's own and includes are refused, with the number of the line. A change is applied in place. No secrets: the lines can be read in the cloud.",
			},
			"state_volume": stateVolumeAttribute(),
			"install": schema.BoolAttribute{
				Optional: true, Computed: true,
				Default:             booldefault.StaticBool(false),
				MarkdownDescription: installDescription,
			},
		},
		MarkdownDescription: "The batch system whose pool the workers join. The default is `none`.",
	}
}

// coordinatorAttribute is the way in which a change reaches the front-end.
func coordinatorAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional: true, Computed: true,
		Default:       stringdefault.StaticString(cluster.CoordinatorFrontEnd),
		Validators:    []validator.String{rule.OneOf(cluster.CoordinatorFrontEnd, cluster.CoordinatorLastWorker)},
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		MarkdownDescription: "How a change of the roster reaches the front-end, which distributes it. `front_end` (default): it reads it in the metadata service. " +
			"`last_worker`: for clouds without a metadata service. All nodes get a config drive, and the last new worker of a growth takes the new roster to the front-end; " +
			"reports come by the front-end's console log. There a removal does not reach the front-end until the next worker is added (a warning says so), " +
			"and workers are not drained. Not together with `scaling` or a rolling `replacement`. Another value makes another cluster.",
	}
}

// optionalName is an attribute that names something in the cloud.
func optionalName(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional:            true,
		Validators:          []validator.String{nameOrID()},
		MarkdownDescription: description,
	}
}

func computedString(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func defaultSecurityGroups() schema.Attribute {
	return schema.SetAttribute{
		Optional: true, Computed: true, ElementType: types.StringType,
		Validators: groupNames(),
		Default:    setdefault.StaticValue(types.SetValueMust(types.StringType, []attr.Value{types.StringValue(defaultGroup)})),
		MarkdownDescription: "Security groups of the nodes, by name or ID, where `front_end` or a group names no other (default `[\"default\"]`). " +
			"They must let the nodes reach each other.",
	}
}
