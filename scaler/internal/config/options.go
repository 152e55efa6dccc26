package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// option is one attribute: its default, what it may be, and where it goes.
type option struct {
	name     string
	standard string // the default, as one would write it; "" is unset
	required bool
	within   string // for people: what values are allowed
	want     cty.Type
	set      func(v cty.Value) error
}

func (c *Config) top() []option {
	o := text("cluster", "", &c.Cluster, func(s string) error {
		if len(s) == 36 && strings.Count(s, "-") == 4 {
			return nil // an ID
		}
		return cluster.CheckClusterName(s)
	})
	o.required, o.within = true, "name or ID"
	listen := text("listen", "", &c.Web.Listen, address)
	listen.within = "host:port"
	return []option{o, text("cloud", "", &c.Cloud, nil), listen}
}

func (q *Queue) options() []option {
	return []option{
		text("pool", "", &q.Pool, oneWord),
		texts("schedds", &q.Schedds),
		text("bin", "", &q.Bin, nil),
		text("token_directory", "", &q.TokenDirectory, nil),
		duration("timeout", "10s", time.Second, 5*time.Minute, &q.Timeout),
	}
}

func (s *SSH) options() []option {
	host := text("host", "", &s.Host, oneWord)
	host.required = true
	return []option{
		host,
		text("user", "", &s.User, oneWord),
		number("port", "22", 1, 65535, &s.Port),
		text("identity_file", "", &s.IdentityFile, nil),
		text("known_hosts_file", "", &s.KnownHostsFile, nil),
		texts("options", &s.Options),
	}
}

func (c *Config) policy() []option {
	p := &c.Policy
	return []option{
		oneOf("preset", "", []string{PresetClassic}, &c.Preset),
		duration("interval", "10s", 100*time.Millisecond, time.Hour, &c.Interval),
		duration("scale_out_after", "60s", 0, 24*time.Hour, &p.ScaleOutAfter),
		duration("idle_after", "60s", 0, 7*24*time.Hour, &p.IdleAfter),
		duration("first_job_grace", "300s", 0, 24*time.Hour, &p.FirstJobGrace),
		duration("scale_out_cooldown", "0s", 0, 24*time.Hour, &p.OutCooldown),
		duration("scale_in_cooldown", "0s", 0, 24*time.Hour, &p.InCooldown),
		duration("join_timeout", "15m", time.Second, 24*time.Hour, &p.JoinTimeout),
		duration("drain_recheck", "15s", 0, time.Hour, &p.DrainRecheck),
		duration("pool_settle", "180s", 0, 24*time.Hour, &p.PoolSettle),
		duration("max_age", "120s", time.Second, time.Hour, &p.MaxAge),
		number("max_create", "10", 1, 1000, &p.MaxCreate),
		number("max_in_flight", "50", 1, 10000, &p.MaxInFlight),
		number("max_remove", "10", 1, 1000, &p.MaxRemove),
	}
}

func groupOptions(b *decide.Bounds, diskMiB *int) []option {
	return []option{
		number("min", "0", 0, 10000, &b.Min),
		number("max", "", 0, 10000, &b.Max),
		number("cpus", "0", 0, 10000, &b.Shape.Cpus),
		number("memory", "0", 0, 100_000_000, &b.Shape.MemoryMiB),
		number("disk", "0", 0, 1_000_000_000, diskMiB),
		number("gpus", "0", 0, 1000, &b.Shape.GPUs),
		number("priority", "0", 0, 1000, &b.Priority),
		number("spare", "0", 0, 10000, &b.Spare),
	}
}

var levels = []string{"trace", "debug", "info", "warn", "error"}

func (c *Config) log() []option {
	return []option{oneOf("level", "info", levels, &c.LogLevel), boolean("json", "false", &c.LogJSON), text("decisions", "", &c.Decisions, nil)}
}

func text(name, standard string, to *string, check func(string) error) option {
	return option{name: name, standard: standard, want: cty.String, set: func(v cty.Value) error {
		s := v.AsString()
		if s == "" && standard == "" {
			return fmt.Errorf("it is empty; leave it out instead")
		}
		if check != nil {
			if err := check(s); err != nil {
				return err
			}
		}
		*to = s
		return nil
	}}
}

func oneOf(name, standard string, allowed []string, to *string) option {
	list := strings.Join(allowed, ", ")
	o := text(name, standard, to, func(s string) error {
		if !slices.Contains(allowed, s) {
			return fmt.Errorf("%q is none of %s", s, list)
		}
		return nil
	})
	o.within = list
	return o
}

func oneWord(s string) error {
	if strings.HasPrefix(s, "-") || strings.ContainsAny(s, " \t\n") {
		return fmt.Errorf("%q is not a name", s)
	}
	return nil
}

func texts(name string, to *[]string) option {
	return option{name: name, want: cty.List(cty.String), set: func(v cty.Value) error {
		*to = nil
		for _, e := range v.AsValueSlice() {
			if e.IsNull() {
				return fmt.Errorf("an element is null")
			}
			*to = append(*to, e.AsString())
		}
		return nil
	}}
}

func boolean(name, standard string, to *bool) option {
	return option{name: name, standard: standard, within: "true, false", want: cty.Bool, set: func(v cty.Value) error {
		*to = v.True()
		return nil
	}}
}

func number(name, standard string, least, most int, to *int) option {
	within := fmt.Sprintf("%d to %d", least, most)
	return option{name: name, standard: standard, within: within, want: cty.Number, set: func(v cty.Value) error {
		f := v.AsBigFloat()
		n, accuracy := f.Int64()
		if accuracy != 0 || n < int64(least) || n > int64(most) {
			return fmt.Errorf("%s is not a whole number from %s", f.Text('f', -1), within)
		}
		*to = int(n)
		return nil
	}}
}

func duration(name, standard string, least, most time.Duration, to *time.Duration) option {
	within := fmt.Sprintf("%s to %s", unit(least), unit(most))
	return option{name: name, standard: standard, within: within, want: cty.String, set: func(v cty.Value) error {
		d, err := time.ParseDuration(v.AsString())
		if err != nil {
			return fmt.Errorf("%q is not a duration; write a number with its unit, as in \"90s\", \"5m\" or \"1h30m\"", v.AsString())
		}
		if d < least || d > most {
			return fmt.Errorf("%s is out of range: %s", unit(d), within)
		}
		*to = d
		return nil
	}}
}

// unit writes a duration as one would in the file: "24h", not "24h0m0s".
func unit(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if d >= u.size && d%u.size == 0 {
			return strconv.FormatInt(int64(d/u.size), 10) + u.name
		}
	}
	return d.String()
}
