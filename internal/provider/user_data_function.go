package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	program "github.com/vmcluster/terraform-provider-vmcluster/internal/node"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
)

// userDataFunction is provider::vmcluster::user_data.
type userDataFunction struct{}

var _ function.Function = userDataFunction{}

func newUserDataFunction() function.Function { return userDataFunction{} }

func (userDataFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "user_data"
}

var previewTypes = map[string]attr.Type{"content": types.StringType, "size": types.Int64Type, "limit": types.Int64Type}

var userDataDescription = "Renders, without a cloud, the user data that an apply would send for a node, to look at and to see how large it is. " +
	"In place of every key and certificate stands a remark in parentheses.\n\n" +
	"`node` is an object with the attributes of `vmcluster_cluster` that shape user data, all of them optional but `name`:\n\n" +
	"- `name`: name of the cluster\n" +
	"- `group`: worker group of the node; without it the front-end's user data is rendered\n" +
	"- `workers`: for a front-end, the number of workers by group, as in `{ cpu = 8 }`; its user data holds the roster\n" +
	"- `batch_system`: its type (" + program.Choices() + "), or the object as in the resource\n" +
	"- `login_user`, `login_uid`, `cloud_config`, `files`: as in the resource\n\n" +
	"The result is an object: `content`, the MIME text; `size`, how many bytes an apply sends, compressed if they would be too many, with keys in their places " +
	"(for a front-end up to 1 % too many, since real keys pack better than what stands in for them); and `limit`, how many Nova takes."

func (userDataFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "A node's user data, rendered offline",
		MarkdownDescription: userDataDescription,
		Parameters: []function.Parameter{
			function.DynamicParameter{
				Name:                "node",
				MarkdownDescription: "What the node is: an object, see above.",
			},
		},
		Return: function.ObjectReturn{AttributeTypes: previewTypes},
	}
}

func (userDataFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var argument types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &argument); resp.Error != nil {
		return
	}
	node, err := readPreview(argument.UnderlyingValue())
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, diagnose.Sentence(err.Error()))
		return
	}
	content, err := node.render(remarks)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, diagnose.Sentence(err.Error()))
		return
	}
	text, err := cloudinit.Text(content)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, diagnose.Sentence(err.Error()))
		return
	}
	sized, err := node.render(standIns)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, diagnose.Sentence(err.Error()))
		return
	}
	result, diags := types.ObjectValue(previewTypes, map[string]attr.Value{
		"content": types.StringValue(text),
		"size":    types.Int64Value(int64(len(sized))),
		"limit":   types.Int64Value(cloudinit.MaxSize),
	})
	if resp.Error = function.FuncErrorFromDiags(ctx, diags); resp.Error != nil {
		return
	}
	resp.Error = resp.Result.Set(ctx, result)
}
