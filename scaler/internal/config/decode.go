package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
)

// decoder fills values from bodies and collects mistakes.
type decoder struct{ diags hcl.Diagnostics }

func (d *decoder) fail(at hcl.Range, summary, detail string) {
	d.diags = append(d.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at})
}

// body decodes the attributes of a body and returns its blocks by type. A block
// type "queue/type" has one label, which stands for a type.
func (d *decoder) body(b hcl.Body, options []option.Option, blockTypes ...string) map[string][]*hcl.Block {
	option.SetDefaults(options)
	schema := &hcl.BodySchema{}
	for _, o := range options {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: o.Name, Required: o.Required})
	}
	for _, t := range blockTypes {
		name, label, labelled := strings.Cut(t, "/")
		block := hcl.BlockHeaderSchema{Type: name}
		if labelled {
			block.LabelNames = []string{label}
		}
		schema.Blocks = append(schema.Blocks, block)
	}
	content, diags := b.Content(schema)
	// HCL finds unknown arguments in any order.
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte) })
	for _, x := range diags {
		d.diags = append(d.diags, plainLabels(x))
	}
	for _, o := range options {
		if attr, ok := content.Attributes[o.Name]; ok {
			d.attribute(o, attr)
		}
	}
	blocks := map[string][]*hcl.Block{}
	for _, block := range content.Blocks {
		blocks[block.Type] = append(blocks[block.Type], block)
	}
	return blocks
}

func (d *decoder) attribute(o option.Option, attr *hcl.Attribute) {
	v, diags := attr.Expr.Value(nil)
	if diags.HasErrors() {
		d.diags = append(d.diags, diags...)
		return
	}
	at := attr.Expr.Range()
	v, err := convert.Convert(v, o.Type)
	switch {
	case err != nil:
		err = fmt.Errorf("%s is needed", formOf(o.Type))
	case v.IsNull() || o.Type == cty.String && v.AsString() == "":
		err = empty(o, v.IsNull())
	default:
		err = o.Set(v)
	}
	if err != nil {
		d.fail(at, "Unsuitable value", o.Name+": "+err.Error()+".")
	}
}

// empty is the error for an option that is written and has no value.
func empty(o option.Option, null bool) error {
	word := "it is empty"
	if null {
		word = "null is no value"
	}
	if o.Required {
		return fmt.Errorf("%s, and a value is needed", word)
	}
	return fmt.Errorf("%s; leave it out instead", word)
}

// formOf returns how values of a type are written.
func formOf(t cty.Type) string {
	switch t {
	case cty.Bool:
		return "true or false, without quotes,"
	case cty.Number:
		return "a number, without quotes,"
	case cty.List(cty.String):
		return `a list of text, as in ["a", "b"],`
	}
	return `text in quotes, as in "a",`
}

// plainLabels rewords the library's diagnostics of a block's labels.
func plainLabels(x *hcl.Diagnostic) *hcl.Diagnostic {
	if of, is := strings.CutPrefix(x.Detail, "All "); is && strings.HasPrefix(x.Summary, "Missing ") {
		kind, _, _ := strings.Cut(of, " ")
		plain := *x
		plain.Detail = fmt.Sprintf("The block needs a label, as in: %s \"NAME\" {}", kind)
		return &plain
	}
	if _, one := strings.CutPrefix(x.Detail, "Only 1 labels"); one && strings.HasPrefix(x.Summary, "Extraneous label") {
		plain := *x
		plain.Detail = "The block has one label; remove this one."
		return &plain
	}
	return x
}

func (d *decoder) atMostOne(blocks map[string][]*hcl.Block, name string) *hcl.Block {
	all := blocks[name]
	if len(all) == 0 {
		return nil
	}
	for _, b := range all[1:] {
		d.fail(b.DefRange, "Duplicate block", fmt.Sprintf("Only one %s block is allowed, and the first one is in line %d.", name, all[0].DefRange.Start.Line))
	}
	return all[0]
}
