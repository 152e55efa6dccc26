package config

import (
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
)

// PresetClassic are the times by which the first system of this kind was run: the
// queue is read every 10 s, demand of 60 s makes workers, 60 s without a job
// remove them.
const PresetClassic = "classic"

// presets are the values of each, as one would write them.
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
		d.defaults(c.policy())
		return
	}
	d.body(b.Body, c.policy())
	written, _ := b.Body.JustAttributes() // d.body has said what is wrong
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

// same tells that an attribute says what the preset says: "60s" is "1m". One that
// is wrong by itself has been told of already.
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
