package config

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/option"
)

var clusterID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func (c *Config) top() []option.Option {
	o := option.Text("cluster", "", &c.Cluster, func(s string) error {
		if clusterID.MatchString(s) {
			return nil
		}
		return cluster.CheckClusterName(s)
	})
	o.Required, o.Allowed = true, "name or ID"
	listen := option.Text("listen", "", &c.Web.Listen, address)
	listen.Allowed = "host:port"
	return []option.Option{o, option.Text("cloud", "", &c.Cloud, nil), listen}
}

// options returns the options of the batch system, then those of every queue block.
func (q *Queue) options() []option.Option {
	var own []option.Option
	if q.Settings != nil {
		own = q.Settings.Options()
	}
	timeout := option.Duration("timeout", "10s", time.Second, 5*time.Minute, &q.Timeout)
	return append(own, timeout, environment(&q.Environment))
}

var variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*\*?$`)

// environment returns the option that names further variables for children.
func environment(to *[]string) option.Option {
	return option.Words("environment", to, func(s string) error {
		if !variablePattern.MatchString(s) {
			return fmt.Errorf("%q is not the name of an environment variable, such as \"AWS_PROFILE\", or the beginning of names, such as \"AWS_*\"", s)
		}
		return nil
	})
}

func (s *SSH) options() []option.Option {
	host := option.Text("host", "", &s.Host, option.OneWord)
	host.Required = true
	return []option.Option{
		host,
		option.Text("user", "", &s.User, option.OneWord),
		option.Number("port", "22", 1, 65535, &s.Port),
		option.Text("identity_file", "", &s.IdentityFile, nil),
		option.Text("known_hosts", "", &s.KnownHosts, knownHosts),
		option.Text("known_hosts_file", "", &s.KnownHostsFile, nil),
		option.Words("options", &s.Options, keepsHostKeys),
	}
}

// knownHosts is a check for lines of a known_hosts file.
func knownHosts(text string) error {
	rest, found := []byte(text), false
	for {
		_, _, _, _, more, err := ssh.ParseKnownHosts(rest)
		switch {
		case errors.Is(err, io.EOF) && found:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("it holds no host key; give the text of known_hosts, or its path by known_hosts_file")
		case err != nil:
			return fmt.Errorf("it is not the text of a known_hosts file (%w); a path belongs into known_hosts_file", err)
		}
		rest, found = more, true
	}
}

// sshOption matches an option as ssh reads it after -o: ssh_config(5).
var sshOption = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9]*)[ \t]*(?:=|[ \t])[ \t]*[^ \t\r\n][^\r\n]*$`)

// keepsHostKeys is a check for an option of ssh: that it does not weaken the check of
// host keys.
func keepsHostKeys(o string) error {
	name := sshOption.FindStringSubmatch(o)
	if name == nil {
		return fmt.Errorf("%q is not an option of ssh with its value, such as \"ProxyJump=gate\"", o)
	}
	switch strings.ToLower(name[1]) {
	case "stricthostkeychecking", "userknownhostsfile", "globalknownhostsfile", "knownhostscommand", "verifyhostkeydns":
		return fmt.Errorf("%q would change which host keys are trusted; set known_hosts or known_hosts_file", o)
	}
	return nil
}

func (c *Config) policy() []option.Option {
	p := &c.Policy
	return []option.Option{
		option.OneOf("preset", "", []string{PresetClassic}, &c.Preset),
		option.Duration("interval", "10s", 100*time.Millisecond, time.Hour, &c.Interval),
		option.Duration("scale_out_after", "60s", 0, 24*time.Hour, &p.ScaleOutAfter),
		option.Duration("idle_after", "60s", 0, 7*24*time.Hour, &p.IdleAfter),
		option.Duration("first_job_grace", "300s", 0, 24*time.Hour, &p.FirstJobGrace),
		option.Duration("scale_out_cooldown", "0s", 0, 24*time.Hour, &p.OutCooldown),
		option.Duration("scale_in_cooldown", "0s", 0, 24*time.Hour, &p.InCooldown),
		option.Duration("join_timeout", "15m", time.Second, 24*time.Hour, &p.JoinTimeout),
		option.Duration("drain_recheck", "15s", 0, time.Hour, &p.DrainRecheck),
		option.Duration("pool_settle", "180s", 0, 24*time.Hour, &p.PoolSettle),
		option.Duration("max_age", "120s", time.Second, time.Hour, &p.MaxAge),
		option.Number("max_create", "", 1, 1000, &p.MaxCreate),
		option.Number("max_in_flight", "200", 1, 10000, &p.MaxInFlight),
		option.Number("max_remove", "10", 1, 1000, &p.MaxRemove),
	}
}

const priceOption = "price_per_hour"

func groupOptions(b *decide.Bounds, diskMiB *int, price *float64) []option.Option {
	return []option.Option{
		option.Number("min", "0", 0, 10000, &b.Min),
		option.Number("max", "", 0, 10000, &b.Max),
		option.Number("cpus", "0", 0, 10000, &b.Shape.Cpus),
		option.Number("memory", "0", 0, 100_000_000, &b.Shape.MemoryMiB),
		option.Number("disk", "0", 0, 1_000_000_000, diskMiB),
		option.Number("gpus", "0", 0, 1000, &b.Shape.GPUs),
		option.Number("priority", "0", 0, 1000, &b.Priority),
		option.Number("spare", "0", 0, 10000, &b.Spare),
		option.Price(priceOption, price),
	}
}

var levels = []string{"trace", "debug", "info", "warn", "error"}

func (c *Config) log() []option.Option {
	return []option.Option{
		option.OneOf("level", "info", levels, &c.LogLevel),
		option.Boolean("json", "false", &c.LogJSON),
		option.Text("decisions", "", &c.Decisions, nil),
		option.Boolean("facts", "false", &c.Facts),
	}
}
