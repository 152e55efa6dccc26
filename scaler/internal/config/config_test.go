package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
	_ "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/all"
)

const smallest = `
cluster = "astro"
queue "htcondor" {}
group "cpu" {}
`

func TestDefaults(t *testing.T) {
	c, err := Parse("scaler.hcl", []byte(smallest))
	if err != nil {
		t.Fatal(err)
	}
	if c.Interval != 10*time.Second || c.Queue.Timeout != 10*time.Second || c.Actuator != ActuatorNova || c.LogLevel != "info" {
		t.Errorf("defaults: %+v", c)
	}
	if b := c.Policy.Groups["cpu"]; b.Min != 0 || b.Max != decide.Unsaid {
		t.Errorf("bounds: %+v", b)
	}
	want := decide.DefaultPolicy()
	want.Groups = nil
	got := c.Policy
	got.Groups = nil
	if got.ScaleOutAfter != want.ScaleOutAfter || got.IdleAfter != want.IdleAfter || got.FirstJobGrace != want.FirstJobGrace ||
		got.JoinTimeout != want.JoinTimeout || got.DrainRecheck != want.DrainRecheck || got.PoolSettle != want.PoolSettle ||
		got.OutCooldown != want.OutCooldown || got.InCooldown != want.InCooldown || got.LearnJoin != want.LearnJoin || c.Preset != "" ||
		got.MaxAge != want.MaxAge || got.MaxCreate != want.MaxCreate || got.MaxInFlight != want.MaxInFlight || got.MaxRemove != want.MaxRemove {
		t.Errorf("the file's defaults differ from decide's:\n%+v\n%+v", got, want)
	}
}

// The cluster document may bound the groups.
func TestNoGroup(t *testing.T) {
	c, err := Parse("scaler.hcl", []byte("cluster = \"astro\"\nqueue \"htcondor\" {}\n"))
	if err != nil || len(c.Policy.Groups) > 0 {
		t.Errorf("groups %v, %v", c.Policy.Groups, err)
	}
}

// Without a queue block, and with queue "auto", the scaler follows the cluster's batch
// system.
func TestNoQueue(t *testing.T) {
	none, err := Parse("scaler.hcl", []byte("cluster = \"astro\"\n"))
	if err != nil || none.Queue.Type != adapter.Auto || none.Queue.Settings != nil || none.Queue.Timeout != 10*time.Second {
		t.Errorf("%+v, %v", none.Queue, err)
	}
	auto, err := Parse("scaler.hcl", []byte("cluster = \"astro\"\nqueue \"auto\" {}\n"))
	if err != nil || !reflect.DeepEqual(auto, none) {
		t.Errorf("%+v, want %+v, %v", auto, none, err)
	}
	c, err := Parse("scaler.hcl", []byte("cluster = \"astro\"\nqueue \"auto\" {\n  timeout = \"30s\"\n  environment = [\"X\"]\n  ssh {\n    host = \"astro-frontend\"\n  }\n}\n"))
	if err != nil || c.Queue.Timeout != 30*time.Second || len(c.Queue.Environment) != 1 || c.Queue.SSH == nil || c.Queue.SSH.Host != "astro-frontend" {
		t.Errorf("%+v, %v", c.Queue, err)
	}
}

func TestEverything(t *testing.T) {
	c, err := Parse("scaler.hcl", []byte(`
cluster = "0d9b0b1e-6c3f-4a0e-9c7e-2f1c1a0b3d4e"
cloud   = "research"
queue "htcondor" {
  pool            = "astro-frontend:9618"
  schedds         = ["astro-frontend"]
  bin             = "/opt/condor/bin"
  token_directory = "/etc/vmcluster/tokens"
  timeout         = "30s"
  ssh {
    host             = "198.51.100.7"
    user             = "astro"
    port             = 2222
    identity_file    = "/etc/vmcluster/id"
    known_hosts_file = "/etc/vmcluster/known_hosts"
    options          = ["ProxyJump=gate"]
  }
}
group "cpu" {
  min = 1
  max = 40
}
group "gpu" {
  max  = 4
  gpus = 1
  disk = 2048
}
policy {
  interval      = "5s"
  idle_after    = "1h30m"
  max_in_flight = 8
}
actuator "dry-run" {}
log {
  level     = "debug"
  json      = true
  decisions = "/var/log/vmcluster/decisions.jsonl"
  facts     = true
}
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Queue.SSH == nil || c.Queue.SSH.Port != 2222 || c.Queue.SSH.Options[0] != "ProxyJump=gate" || c.Queue.Type != "htcondor" || c.Queue.Timeout != 30*time.Second ||
		!strings.Contains(fmt.Sprintf("%+v", c.Queue.Settings), "schedds:[astro-frontend]") {
		t.Errorf("queue: %+v", c.Queue)
	}
	if c.Policy.IdleAfter != 90*time.Minute || c.Policy.MaxInFlight != 8 || c.Interval != 5*time.Second {
		t.Errorf("policy: %+v", c.Policy)
	}
	if b := c.Policy.Groups["gpu"]; b.Max != 4 || b.Shape.GPUs != 1 || b.Shape.DiskKiB != 2048*1024 {
		t.Errorf("gpu: %+v", b)
	}
	if c.Actuator != ActuatorDryRun || !c.LogJSON || c.Decisions == "" || !c.Facts {
		t.Errorf("config: %+v", c)
	}
}

func TestTerraform(t *testing.T) {
	c, err := Parse("s.hcl", []byte(smallest+"actuator \"terraform\" {\n  directory = \"/srv/infra\"\n  resource = \"module.a[\\\"x\\\"].vmcluster_cluster.b[0]\"\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Terraform{
		Directory: "/srv/infra", Resource: `module.a["x"].vmcluster_cluster.b[0]`, VariablesFile: "scaler.auto.tfvars.json",
		Variable: "vmcluster_workers", LockTimeout: 2 * time.Minute, Timeout: time.Hour,
	}
	if c.Actuator != ActuatorTerraform || !reflect.DeepEqual(c.Terraform, want) {
		t.Errorf("%+v", c.Terraform)
	}
}

func TestErrorsNameLineAndColumn(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"a duration without unit", smallest + "policy {\n  idle_after = \"60\"\n}\n", `s.hcl:6:16: Unsuitable value: idle_after: "60" is not a duration`},
		{"a duration out of range", smallest + "policy {\n  interval = \"0s\"\n}\n", "s.hcl:6:14: Unsuitable value: interval: 0s is out of range: 100ms to 1h"},
		{"a number out of range", smallest + "policy {\n  max_create = 0\n}\n", "s.hcl:6:16: Unsuitable value: max_create: 0 is not a whole number from 1 to 1000"},
		{"a fraction of a worker", smallest + "policy {\n  max_create = 1.5\n}\n", "1.5 is not a whole number"},
		{"facts without a file", smallest + "log {\n  facts = true\n}\n", "s.hcl:5:1: No file for facts: facts = true adds to each line of the file of decisions"},
		{"a misspelled option", smallest + "policy {\n  idle_afer = \"60s\"\n}\n", `s.hcl:6:3: Unsupported argument: An argument named "idle_afer" is not expected here. Did you mean "idle_after"?`},
		{"no cluster", "queue \"htcondor\" {}\ngroup \"cpu\" {}\n", `Missing required argument: The argument "cluster" is required`},
		{"a cluster that is no name", "cluster = \"Astro!\"\nqueue \"htcondor\" {}\ngroup \"cpu\" {}\n", `s.hcl:1:11: Unsuitable value: cluster: cluster name "Astro!" is not a DNS label`},
		{"another queue", "cluster = \"a\"\nqueue \"lsf\" {}\ngroup \"cpu\" {}\n", `s.hcl:2:7: Unknown queue: "lsf" is not supported`},
		{"a group twice", smallest + "group \"cpu\" {}\n", `s.hcl:5:7: Duplicate group`},
		{"min above max", "cluster = \"a\"\nqueue \"htcondor\" {}\ngroup \"cpu\" {\n  min = 3\n  max = 2\n}\n", `s.hcl:3:1: Contradictory bounds: Group "cpu": min = 3 is more than max = 2`},
		{"another actuator", smallest + "actuator \"heat\" {}\n", `s.hcl:5:10: Unknown actuator: "heat" is none of "nova", "terraform", "dry-run"`},
		{"an option of another actuator", smallest + "actuator \"nova\" {\n  directory = \"/x\"\n}\n", `Unsupported argument: An argument named "directory"`},
		{"terraform without a directory", smallest + "actuator \"terraform\" {\n  resource = \"vmcluster_cluster.astro\"\n}\n", `The argument "directory" is required`},
		{"another resource", smallest + "actuator \"terraform\" {\n  directory = \"/x\"\n  resource = \"null_resource.a\"\n}\n", `s.hcl:7:14: Unsuitable value: resource: "null_resource.a" is not the address of a vmcluster_cluster`},
		{"a file that no apply reads", smallest + "actuator \"terraform\" {\n  directory = \"/x\"\n  resource = \"vmcluster_cluster.a\"\n  variables_file = \"scaler.tfvars.json\"\n}\n", `"scaler.tfvars.json" is not a file name that ends with .auto.tfvars.json`},
		{"a token without a pool", "cluster = \"a\"\nqueue \"htcondor\" {\n  token_directory = \"/t\"\n}\ngroup \"cpu\" {}\n", "s.hcl:2:1: Missing pool"},
		{"ssh without a host", "cluster = \"a\"\nqueue \"htcondor\" {\n  ssh {}\n}\ngroup \"cpu\" {}\n", `s.hcl:3:7: Missing required argument: The argument "host" is required`},
		{"host keys given twice", "cluster = \"a\"\nqueue \"htcondor\" {\n  ssh {\n    host             = \"b\"\n    known_hosts      = \"b ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMHBo21E5LQGiRX7by14RB5uwCQR37xnx/33Edqq/cC9\"\n    known_hosts_file = \"/k\"\n  }\n}\ngroup \"cpu\" {}\n", `s.hcl:3:3: Host keys given twice: known_hosts and known_hosts_file`},
		{"a path for host keys", "cluster = \"a\"\nqueue \"htcondor\" {\n  ssh {\n    host        = \"b\"\n    known_hosts = \"/etc/known_hosts\"\n  }\n}\ngroup \"cpu\" {}\n", `or its path by known_hosts_file`},
		{"no host keys", "cluster = \"a\"\nqueue \"htcondor\" {\n  ssh {\n    host        = \"b\"\n    known_hosts = \"# none\"\n  }\n}\ngroup \"cpu\" {}\n", `it holds no host key`},
		{"host keys that are not checked", "cluster = \"a\"\nqueue \"htcondor\" {\n  ssh {\n    host    = \"b\"\n    options = [\"stricthostkeychecking no\"]\n  }\n}\ngroup \"cpu\" {}\n", `would change which host keys are trusted`},
		{"a host that is an option", "cluster = \"a\"\nqueue \"htcondor\" {\n  ssh {\n    host = \"-oProxyCommand=x\"\n  }\n}\ngroup \"cpu\" {}\n", `"-oProxyCommand=x" is not a name`},
		{"two policies", smallest + "policy {}\npolicy {}\n", "s.hcl:6:1: Duplicate block: Only one policy block is allowed, and the first one is in line 5"},
		{"a password", smallest + "password = \"x\"\n", `Unsupported argument: An argument named "password"`},
		{"not HCL", "cluster = \n", "s.hcl:1:11: Invalid expression"},
		{"another preset", smallest + "policy {\n  preset = \"modern\"\n}\n", `s.hcl:6:12: Unsuitable value: preset: "modern" is none of classic`},
		{"a preset and another value", smallest + "policy {\n  preset     = \"classic\"\n  idle_after = \"5m\"\n}\n", `s.hcl:7:16: Contradictory value: idle_after: preset = "classic" is 60s there; leave one of the two out`},
		{"a preset after another value", smallest + "policy {\n  interval = \"1s\"\n  preset   = \"classic\"\n}\n", `s.hcl:6:14: Contradictory value: interval: preset = "classic" is 10s there`},
		{"a preset and a value that is none", smallest + "policy {\n  preset     = \"classic\"\n  idle_after = \"x\"\n}\n", `s.hcl:7:16: Unsuitable value: idle_after: "x" is not a duration`},
		{"a schedule without an end", smallest + "group \"gpu\" {\n  schedule {\n    from = \"08:00\"\n    min  = 1\n  }\n}\n", `s.hcl:6:12: Missing required argument: The argument "to" is required`},
		{"a schedule without a number", smallest + "group \"gpu\" {\n  schedule {\n    from = \"08:00\"\n    to   = \"09:00\"\n  }\n}\n", `The argument "min" is required`},
		{"a time that is none", smallest + "group \"gpu\" {\n  schedule {\n    from = \"8:00\"\n    to   = \"24:00\"\n    min  = 1\n  }\n}\n", `s.hcl:7:12: Unsuitable value: from: "8:00" is no time of day; write hours and minutes, as in "08:00"`},
		{"a day that is none", smallest + "group \"gpu\" {\n  schedule {\n    from = \"08:00\"\n    to   = \"09:00\"\n    days = [\"monday\"]\n    min  = 1\n  }\n}\n", `s.hcl:9:12: Unsuitable value: days: "monday" is none of sun, mon`},
		{"a time zone that is none", smallest + "group \"gpu\" {\n  schedule {\n    from      = \"08:00\"\n    to        = \"09:00\"\n    min       = 1\n    time_zone = \"Mars\"\n  }\n}\n", `s.hcl:10:17: Unsuitable value: time_zone: "Mars" is no time zone; write a name such as "Europe/Zurich"`},
		{"a schedule above max", smallest + "group \"gpu\" {\n  max = 2\n  schedule {\n    from = \"08:00\"\n    to   = \"09:00\"\n    min  = 3\n  }\n}\n", `s.hcl:7:3: Contradictory bounds: Group "gpu": the schedule's min = 3 is more than max = 2`},
		{"a log level", smallest + "log {\n  level = \"loud\"\n}\n", `level: "loud" is none of trace, debug`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("s.hcl", []byte(tt.file))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error:\n%v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	_, err := Parse("s.hcl", []byte("cluster = \"A\"\nqueue \"htcondor\" {\n  timeout = \"x\"\n}\ngroup \"cpu\" {\n  max = -1\n}\n"))
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("want three lines:\n%v", err)
	}
}

// A price is not a claim: a group block with a price alone leaves the group's number to
// its owner.
func TestAPriceAlonePutsNoGroupInCharge(t *testing.T) {
	c, err := Parse("scaler.hcl", []byte(`
cluster = "astro"
queue "htcondor" {}
group "login" { price_per_hour = 0.034 }
group "cpu" {
  price_per_hour = 2
  max            = 4
}
group "gpu" { max = 1 }
`))
	if err != nil {
		t.Fatal(err)
	}
	if _, charged := c.Policy.Groups["login"]; charged || len(c.Policy.Groups) != 2 || c.Policy.Groups["cpu"].Max != 4 {
		t.Errorf("in charge: %+v", c.Policy.Groups)
	}
	if len(c.Prices) != 2 || c.Prices["login"] != 0.034 || c.Prices["cpu"] != 2 {
		t.Errorf("prices: %v", c.Prices)
	}
}

// The same file gives the same words each time.
func TestMistakesHaveAnOrder(t *testing.T) {
	source := smallest + "policy {\n  d = 1\n  c = 1\n  b = 1\n  a = 1\n  e = 1\n}\n"
	_, first := Parse("scaler.hcl", []byte(source))
	for range 20 {
		if _, err := Parse("scaler.hcl", []byte(source)); err == nil || err.Error() != first.Error() {
			t.Fatalf("%v, then %v", first, err)
		}
	}
	if lines := strings.Split(first.Error(), "\n"); len(lines) != 5 || !strings.Contains(lines[0], `"d"`) || !strings.Contains(lines[4], `"e"`) {
		t.Errorf("%q", lines)
	}
}
