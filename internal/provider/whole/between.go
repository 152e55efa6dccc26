package whole

import (
	"context"
	"fmt"
	"math"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Between returns a validator that takes numbers from least to most. A most of
// math.MaxInt64 is no upper bound.
func Between(least, most int64) validator.Int64 { return between{least, most} }

type between struct{ least, most int64 }

func (b between) Description(context.Context) string {
	if b.most == math.MaxInt64 {
		return fmt.Sprintf("must be at least %d", b.least)
	}
	return fmt.Sprintf("must be between %d and %d", b.least, b.most)
}

func (b between) MarkdownDescription(ctx context.Context) string { return b.Description(ctx) }

func (b between) ValidateInt64(ctx context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if n := req.ConfigValue.ValueInt64(); n < b.least || n > b.most {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid number", b.Description(ctx)+".")
	}
}
