package text_test

import (
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 jobs", 1: "1 job", 2: "2 jobs", 1000: "1000 jobs"} {
		if got := text.Count(n, "job"); got != want {
			t.Errorf("Count(%d): %q, want %q", n, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Minute:                          "0s",
		0:                                     "0s",
		400 * time.Millisecond:                "0s",
		45 * time.Second:                      "45s",
		time.Minute:                           "1m",
		59*time.Second + 600*time.Millisecond: "1m",
		25*time.Hour + 29*time.Minute + 40*time.Second: "25h30m",
		50 * time.Hour:                   "2d2h",
		90 * time.Second:                 "1m30s",
		time.Hour:                        "1h",
		time.Hour + time.Second:          "1h",
		90 * time.Minute:                 "1h30m",
		90*time.Minute + 20*time.Second:  "1h30m",
		47*time.Hour + 59*time.Minute:    "47h59m",
		51*time.Hour + 10*time.Minute:    "2d3h",
		10 * time.Hour:                   "10h",
		10*time.Minute + 10*time.Second:  "10m10s",
		20 * time.Minute:                 "20m",
		time.Hour + 100*time.Millisecond: "1h",
	} {
		if got := text.Duration(d); got != want {
			t.Errorf("Duration(%s): %q, want %q", d, got, want)
		}
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 1500 * time.Millisecond: "2s", time.Minute: "1m", 90 * time.Second: "1m30s", time.Hour: "1h", time.Hour + time.Second: "1h0m1s", 90 * time.Minute: "1h30m",
	} {
		if got := text.Seconds(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
