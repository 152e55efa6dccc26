package config

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// The classic times, to the second, whether or not they are said a second time.
func TestPresetClassic(t *testing.T) {
	for _, body := range []string{
		`preset = "classic"`,
		"interval = \"10s\"\n idle_after = \"1m\"\n preset = \"classic\"\n scale_out_after = \"60s\"",
	} {
		c, err := Parse("scaler.hcl", []byte(smallest+"policy {\n"+body+"\n}\n"))
		if err != nil {
			t.Fatal(err)
		}
		p := c.Policy
		if c.Interval != 10*time.Second || p.ScaleOutAfter != 60*time.Second || p.IdleAfter != 60*time.Second || p.FirstJobGrace != 60*time.Second ||
			p.OutCooldown != 0 || p.InCooldown != 0 {
			t.Errorf("%s: interval %s, policy %+v", body, c.Interval, p)
		}
		if p.JoinTimeout != 15*time.Minute || p.MaxCreate != 0 || p.DrainRecheck != 15*time.Second {
			t.Errorf("%s: what no preset speaks of is changed: %+v", body, p)
		}
	}
}

func TestAJoinTimeoutThatIsSaidIsNotLearned(t *testing.T) {
	for body, want := range map[string]bool{"": true, "policy {}\n": true, "policy {\n  join_timeout = \"15m\"\n}\n": false} {
		c, err := Parse("scaler.hcl", []byte(smallest+body))
		if err != nil || c.Policy.LearnJoin != want {
			t.Errorf("%q: learned %t, %v", body, c.Policy.LearnJoin, err)
		}
	}
}

func TestSchedule(t *testing.T) {
	c, err := Parse("scaler.hcl", []byte(smallest+`
group "gpu" {
  max = 8
  schedule {
    from      = "08:00"
    to        = "18:00"
    days      = ["mon", "tue", "sun"]
    min       = 4
    time_zone = "Europe/Zurich"
  }
  schedule {
    from = "22:30"
    to   = "06:00"
    min  = 1
  }
}
`))
	if err != nil {
		t.Fatal(err)
	}
	windows := c.Policy.Schedules["gpu"]
	if len(windows) != 2 || len(c.Policy.Schedules) != 1 {
		t.Fatalf("%v", c.Policy.Schedules)
	}
	day, night := windows[0], windows[1]
	if day.From != 480 || day.To != 1080 || day.Min != 4 || day.Zone.String() != "Europe/Zurich" ||
		fmt.Sprint(day.Days) != fmt.Sprint([]time.Weekday{time.Monday, time.Tuesday, time.Sunday}) {
		t.Errorf("day: %+v", day)
	}
	if night.From != 22*60+30 || night.To != decide.Clock(360) || night.Min != 1 || night.Zone != time.UTC || night.Days != nil {
		t.Errorf("night: %+v", night)
	}
}
