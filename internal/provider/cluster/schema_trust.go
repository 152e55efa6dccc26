package cluster

import (
	"math"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/rule"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// caKeyAttribute is the private key of the CA that every node trusts.
func caKeyAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional: true, WriteOnly: true, Sensitive: true,
		Validators: []validator.String{rule.Text("must be an ed25519 private key in PEM form", "Invalid CA key", checkCAKey), rule.With("ssh_ca_private_key_wo_version")},
		MarkdownDescription: "Private key of the cluster's CA, an unencrypted ed25519 key as `ssh-keygen -t ed25519` writes it. " +
			"Nodes trust certificates of this CA for the coordinator's account, and for nothing else; with it a lost front-end can be made anew and the workers go on. " +
			"It is never in the state, a plan or a log. Give the same key at every apply, from a secret store. " +
			"Without it the provider makes a key of its own and keeps it in the resource's private state, which is part of the state file. " +
			"With the key one can act as the coordinator of this cluster.",
	}
}

// formerCAKeyAttribute is the key that signs a new CA with document_signing.
func formerCAKeyAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional: true, WriteOnly: true, Sensitive: true,
		Validators: []validator.String{rule.Text("must be an ed25519 private key in PEM form", "Invalid CA key", checkCAKey), rule.With("ssh_ca_private_key_wo_version")},
		MarkdownDescription: "The private key that `ssh_ca_private_key_wo` held before, in the same form. " +
			"Give it in the apply that changes `ssh_ca_private_key_wo_version`, if `document_signing` is on: it signs the new CA. " +
			"The provider itself has a key that it made. It is never in the state, a plan or a log.",
	}
}

// documentSigningAttribute is what the front-end demands of a changed document.
func documentSigningAttribute() schema.Attribute {
	return schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(false),
		MarkdownDescription: "Whether the front-end accepts another CA, another key of `key_pair` or another `batch_system.config` only with a signature by the CA before (default `false`). " +
			"Without it, an account that may write metadata of servers in the project can become root on the workers. " +
			"Every apply then needs the CA's key: the given one, or that of the provider's own in the state. " +
			"It protects nodes that exist; what it does not protect is on the page [Security](https://github.com/vmcluster/terraform-provider-vmcluster/blob/main/docs/security.md).",
	}
}

func caKeyVersionAttribute() schema.Attribute {
	return schema.Int64Attribute{
		Optional: true, CustomType: whole.Type{},
		Validators: []validator.Int64{whole.Between(0, math.MaxInt64)},
		MarkdownDescription: "Number of the CA's key. Another number brings another CA to all nodes: that of the key given in `ssh_ca_private_key_wo`, " +
			"or, without one, of a new key that the provider makes. When the apply has ended, the nodes trust the new CA only.",
	}
}

func replaceOnChangeAttribute() schema.Attribute {
	return schema.BoolAttribute{
		Optional: true,
		MarkdownDescription: "Whether a change of the front-end's image, flavor, network, security groups, `cloud_config`, `files` or `batch_system.state_volume` makes it anew (default `false`: a warning, and nothing happens). " +
			"The old one is deleted first: name, floating IP and fixed port are the same. Workers stay and join the new one. " +
			"What is on the front-end's own disk goes with it, the batch system's queue included; jobs that run then end without a result. With `batch_system.state_volume` the queue stays and running jobs go on.",
	}
}
