package cluster

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/rule"
)

// The timeouts of a configuration that leaves them out.
const (
	defaultCreateTimeout = 45 * time.Minute
	defaultUpdateTimeout = 60 * time.Minute
	defaultDeleteTimeout = 20 * time.Minute
	defaultReadTimeout   = 5 * time.Minute
)

// timeoutsAttribute is the library's attribute, with our rule for its values: the
// library takes negative ones and zero.
func timeoutsAttribute(ctx context.Context) schema.Attribute {
	attribute := timeouts.Attributes(ctx, timeouts.Opts{
		Create: true, Read: true, Update: true, Delete: true,
		CreateDescription: "How long the making of the cluster may take, and how old a worker must be that counts as never joined (default `45m`).",
		ReadDescription:   "How long a refresh may take (default `5m`).",
		UpdateDescription: "How long a change may take, draining included (default `60m`).",
		DeleteDescription: "How long the deletion may take (default `20m`).",
	})
	nested, ok := attribute.(schema.SingleNestedAttribute)
	if !ok {
		return attribute
	}
	for name, a := range nested.Attributes {
		if text, ok := a.(schema.StringAttribute); ok {
			text.Validators = []validator.String{rule.Text("must be a span of time such as 45m", "", checkTimeout)}
			nested.Attributes[name] = text
		}
	}
	return nested
}
