package config

import (
	"fmt"
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

// defaults sets the options that the file leaves out.
func (d *decoder) defaults(options []option.Option) {
	for _, o := range options {
		if o.Default == "" {
			continue
		}
		v, err := convert.Convert(cty.StringVal(o.Default), o.Type)
		if err == nil {
			err = o.Set(v)
		}
		if err != nil {
			panic(fmt.Sprintf("config: the default of %s does not hold: %v", o.Name, err))
		}
	}
}

// body decodes the attributes of a body and returns its blocks by type. A block
// type "queue/type" has one label, which stands for a type.
func (d *decoder) body(b hcl.Body, options []option.Option, blockTypes ...string) map[string][]*hcl.Block {
	d.defaults(options)
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
	d.diags = append(d.diags, diags...)
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
	if err == nil && v.IsNull() {
		err = fmt.Errorf("null says nothing; leave it out instead")
	}
	if err == nil {
		err = o.Set(v)
	}
	if err != nil {
		d.fail(at, "Unsuitable value", o.Name+": "+err.Error()+".")
	}
}

func (d *decoder) atMostOne(blocks map[string][]*hcl.Block, name string) *hcl.Block {
	all := blocks[name]
	if len(all) == 0 {
		return nil
	}
	for _, b := range all[1:] {
		d.fail(b.DefRange, "Duplicate block", fmt.Sprintf("There is a %s block already, in line %d.", name, all[0].DefRange.Start.Line))
	}
	return all[0]
}

func (d *decoder) exactlyOne(blocks map[string][]*hcl.Block, name, example string) *hcl.Block {
	b := d.atMostOne(blocks, name)
	if b == nil {
		d.diags = append(d.diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Missing " + name, Detail: "A block of this kind is needed, for example: " + example,
		})
	}
	return b
}
