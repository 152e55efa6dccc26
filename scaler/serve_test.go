package main

import (
	"slices"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
)

// What a changed file changes at once, and what it can not.
func TestWhatNeedsARestart(t *testing.T) {
	const before = `
cluster = "astro"
queue "htcondor" {}
`
	for change, want := range map[string][]string{
		"": nil,
		`policy {
  preset = "classic"
}`: nil,
		`policy {
  interval   = "20s"
  max_create = 3
}
group "cpu" {
  max = 3
}
log {
  level     = "debug"
  decisions = "d.jsonl"
}`: nil,
		`cloud = "other"`:           {"cloud"},
		`actuator "dry-run" {}`:     {"actuator"},
		`listen = "127.0.0.1:9180"`: {"web"},
		"log {\n  json = true\n}":   {"logjson"},
		"cloud = \"other\"\nlisten = \":1\"\nweb {\n  open = true\n}": {"cloud", "web"},
	} {
		old, err := config.Parse("old.hcl", []byte(before))
		if err != nil {
			t.Fatal(err)
		}
		c, err := config.Parse("new.hcl", []byte(before+change))
		if err != nil {
			t.Fatal(err)
		}
		if got := fixed(old, c); !slices.Equal(got, want) {
			t.Errorf("%s: needs a restart for %v, want %v", change, got, want)
		}
	}
}
