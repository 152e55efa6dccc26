// Package config reads the scaler's configuration file in HCL. It reports all mistakes
// at once, with line and column.
package config

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
)

// Config is a whole configuration; all values are set and in range.
type Config struct {
	Cluster   string // name or ID
	Cloud     string // clouds.yaml entry; "" takes the OS_* variables
	Queue     Queue
	Interval  time.Duration
	Policy    decide.Policy
	Preset    string // "" or PresetClassic; its values are in the other fields
	Actuator  string // ActuatorNova, ActuatorTerraform or ActuatorDryRun
	Terraform Terraform
	Web       Web
	LogLevel  string
	LogJSON   bool
	Decisions string // file for records, JSON lines; "" keeps none
	Facts     bool   // records hold the input of their rounds
	// Prices are what a worker of a group costs for an hour, in a currency that only the
	// user knows.
	Prices map[string]float64
}

// Queue holds how the batch system is read. A file without a queue block has the standards
// of one with the label adapter.Auto.
type Queue struct {
	Type        string           // name of its adapter; adapter.Auto follows the cluster's batch system
	Settings    adapter.Settings // the adapter's own options; nil with adapter.Auto
	Timeout     time.Duration    // for each call of a tool
	Environment []string         // names of further variables that the tools get, or ssh
	SSH         *SSH             // nil runs the tools here
}

// SSH holds how tools are run on another machine.
type SSH struct {
	Host           string
	User           string
	Port           int
	IdentityFile   string
	KnownHosts     string // lines of a known_hosts file
	KnownHostsFile string // path of such a file
	Options        []string
}

// Kinds of actuator.
const (
	ActuatorNova      = "nova"
	ActuatorTerraform = "terraform"
	ActuatorDryRun    = "dry-run"
)

// charges are the groups that each actuator can change.
var charges = map[string]decide.Charge{ActuatorNova: decide.ChargeScaled, ActuatorTerraform: decide.ChargeCounted}

// Error holds all mistakes of a file.
type Error struct{ Diagnostics hcl.Diagnostics }

func (e *Error) Error() string {
	var lines []string
	for _, d := range e.Diagnostics {
		where := ""
		if d.Subject != nil {
			where = fmt.Sprintf("%s:%d:%d: ", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column)
		}
		lines = append(lines, where+strings.TrimSuffix(d.Summary, ".")+": "+d.Detail)
	}
	return strings.Join(lines, "\n")
}

// Load reads a file.
func Load(path string) (Config, error) {
	file, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	source, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	return Parse(path, source)
}

// Parse reads a file's content.
func Parse(path string, source []byte) (Config, error) {
	if len(source) > mostBytes {
		return Config{}, fmt.Errorf("read the configuration: %s is larger than %d kB, and no configuration is", path, mostBytes>>10)
	}
	if at := tooDeep(path, source); at != nil {
		d := &decoder{}
		d.fail(*at, "Too many brackets", "The file is nested too deeply here, and no configuration is.")
		return Config{}, &Error{d.diags}
	}
	file, diags := hclparse.NewParser().ParseHCL(source, path)
	if diags.HasErrors() {
		return Config{}, &Error{diags}
	}
	c := Config{Policy: decide.DefaultPolicy(), Actuator: ActuatorNova, Prices: map[string]float64{}}
	d := &decoder{}
	blocks := d.body(file.Body, c.top(), "queue/type", "policy", "group/name", "actuator/type", "log", "web")
	d.queue(blocks, &c)
	d.policy(blocks, &c)
	d.groups(blocks, &c)
	d.actuator(blocks, &c)
	c.Policy.Charge = charges[c.Actuator]
	d.web(file.Body, blocks, &c.Web)
	if b := d.atMostOne(blocks, "log"); b != nil {
		d.body(b.Body, c.log())
		if c.Facts && c.Decisions == "" {
			d.fail(b.DefRange, "No file for facts", "facts = true adds to each line of the file of decisions: name that with decisions.")
		}
	} else {
		option.SetDefaults(c.log())
	}
	if len(d.diags) > 0 {
		return Config{}, &Error{d.diags}
	}
	return c, nil
}

func (d *decoder) queue(blocks map[string][]*hcl.Block, c *Config) {
	c.Queue.Type = adapter.Auto
	b := d.atMostOne(blocks, "queue")
	if b == nil {
		option.SetDefaults(c.Queue.options())
		return
	}
	c.Queue.Type = b.Labels[0]
	a, ok := adapter.Find(c.Queue.Type)
	switch {
	case ok:
		c.Queue.Settings = a.Settings()
	case c.Queue.Type != adapter.Auto:
		d.fail(b.LabelRanges[0], "Unknown queue", fmt.Sprintf("%q is not supported; write %s.", c.Queue.Type, strings.Join(knownQueues(), " or ")))
		return
	}
	inner := d.body(b.Body, c.Queue.options(), "ssh")
	if s := d.atMostOne(inner, "ssh"); s != nil {
		c.Queue.SSH = &SSH{}
		d.body(s.Body, c.Queue.SSH.options())
		if c.Queue.SSH.KnownHosts != "" && c.Queue.SSH.KnownHostsFile != "" {
			d.fail(s.DefRange, "Host keys given twice", "known_hosts and known_hosts_file are set together; leave one.")
		}
	}
	if c.Queue.Settings == nil {
		return
	}
	if p := c.Queue.Settings.Problem(); p.Summary != "" {
		d.fail(b.DefRange, p.Summary, p.Detail)
	}
}

// knownQueues returns the beginnings of all possible queue blocks.
func knownQueues() []string {
	known := []string{fmt.Sprintf("queue %q", adapter.Auto)}
	for _, name := range adapter.Names() {
		known = append(known, fmt.Sprintf("queue %q", name))
	}
	return known
}

func (d *decoder) groups(blocks map[string][]*hcl.Block, c *Config) {
	for _, b := range blocks["group"] {
		name := b.Labels[0]
		if err := cluster.CheckGroupName(name); err != nil {
			d.fail(b.LabelRanges[0], "Unsuitable group", err.Error()+".")
			continue
		}
		if _, twice := c.Policy.Groups[name]; twice {
			d.fail(b.LabelRanges[0], "Duplicate group", fmt.Sprintf("Group %q has a block already.", name))
			continue
		}
		bounds := decide.Bounds{Max: decide.Unsaid}
		var diskMiB int
		price := math.NaN()
		inner := d.body(b.Body, groupOptions(&bounds, &diskMiB, &price), "schedule")
		if !math.IsNaN(price) {
			c.Prices[name] = price
			if onlyPrice(b.Body) {
				continue
			}
		}
		for _, s := range inner["schedule"] {
			d.schedule(s, name, bounds, c)
		}
		bounds.Shape.DiskKiB = diskMiB * 1024
		d.bounds(b, "min", bounds.Min, bounds.Max)
		d.bounds(b, "spare", bounds.Spare, bounds.Max)
		c.Policy.Groups[name] = bounds
	}
}

// bounds refuses a number of workers above the group's max.
func (d *decoder) bounds(b *hcl.Block, option string, n, most int) {
	if most != decide.Unsaid && n > most {
		d.fail(b.DefRange, "Contradictory bounds", fmt.Sprintf("Group %q: %s = %d is more than max = %d.", b.Labels[0], option, n, most))
	}
}

// onlyPrice reports whether a group block says nothing but the price. Such a block does
// not put the group in the scaler's charge.
func onlyPrice(body hcl.Body) bool {
	attributes, diags := body.JustAttributes()
	return !diags.HasErrors() && len(attributes) == 1 && attributes[priceOption] != nil
}

func (d *decoder) actuator(blocks map[string][]*hcl.Block, c *Config) {
	b := d.atMostOne(blocks, "actuator")
	if b == nil {
		return
	}
	c.Actuator = b.Labels[0]
	switch c.Actuator {
	case ActuatorNova, ActuatorDryRun:
		d.body(b.Body, nil)
	case ActuatorTerraform:
		d.body(b.Body, c.Terraform.options())
	default:
		d.fail(b.LabelRanges[0], "Unknown actuator", fmt.Sprintf("%q is none of %q, %q, %q.", c.Actuator, ActuatorNova, ActuatorTerraform, ActuatorDryRun))
	}
}
