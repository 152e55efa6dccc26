package config

import (
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
)

// PresetClassic is the name of the times of the first system of this kind: it read the
// queue every 10 s, made workers after 60 s of demand, and removed a worker after 60 s
// without a job.
const PresetClassic = "classic"

// presets are the values of each preset, in the form of the file.
var presets = map[string][][2]string{
	PresetClassic: {
		{"interval", "10s"},
		{"scale_out_after", "60s"},
		{"idle_after", "60s"},
		{"first_job_grace", "60s"},
		{"scale_out_cooldown", "0s"},
		{"scale_in_cooldown", "0s"},
	},
}

func (d *decoder) policy(blocks map[string][]*hcl.Block, c *Config) {
	b := d.atMostOne(blocks, "policy")
	if b == nil {
		option.SetDefaults(c.policy())
		return
	}
	d.body(b.Body, c.policy())
	written, _ := b.Body.JustAttributes() // d.body has reported mistakes
	_, said := written["join_timeout"]
	c.Policy.LearnJoin = !said
	options := map[string]option.Option{}
	for _, o := range c.policy() {
		options[o.Name] = o
	}
	for _, preset := range presets[c.Preset] {
		name, value := preset[0], preset[1]
		if attr, said := written[name]; said && !same(attr, value, options[name]) {
			d.fail(attr.Expr.Range(), "Contradictory value", fmt.Sprintf("%s: preset = %q is %s there; leave one of the two out.", name, c.Preset, value))
			continue
		}
		if err := options[name].Set(cty.StringVal(value)); err != nil {
			panic(fmt.Sprintf("config: preset %s: %s: %v", c.Preset, name, err))
		}
	}
}

// same reports whether an attribute has the value of the preset: "60s" is "1m". A mistake
// in it has been reported already.
func same(attr *hcl.Attribute, value string, o option.Option) bool {
	v, diags := attr.Expr.Value(nil)
	if diags.HasErrors() || v.IsNull() || v.Type() != cty.String || o.Set(v) != nil {
		return true
	}
	return sameDuration(v.AsString(), value)
}

func sameDuration(a, b string) bool {
	x, errX := time.ParseDuration(a)
	y, errY := time.ParseDuration(b)
	return errX == nil && errY == nil && x == y
}
