package config

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/adapter"
)

// FuzzParse reads any file: a configuration or errors with positions come of it, in time
// and in plain words, and a configuration that is taken keeps its promises.
func FuzzParse(f *testing.F) {
	f.Add(base)
	f.Add(smallest)
	f.Add("queue \"htcondor\" {\n  ssh {\n    host = \"h\"\n    options = [\"\"]\n  }\n}\n")
	f.Add("cluster = \"a\"\nlisten = \":1\"\nqueue \"htcondor\" {}\nweb {\n  open = true\n  hosts = [\"a\"]\n}\n")
	f.Add(base + "group \"cpu\" {\n  min = 1\n  max = 2\n  schedule {\n    from = \"08:00\"\n    to = \"09:00\"\n    min = 1\n    days = [\"mon\"]\n  }\n}\n")
	f.Add(base + "policy {\n  preset = \"classic\"\n  interval = \"10s\"\n}\nactuator \"terraform\" {\n  directory = \".\"\n  resource = \"vmcluster_cluster.a\"\n}\n")
	f.Add("cluster = \"a\"\nqueue \"auto\" {\n  ssh {\n    host = \"h\"\n  }\n}\n")
	f.Add("a = " + strings.Repeat("(", 1000))
	f.Add("a = " + strings.Repeat("[", 1000))
	f.Add("a = \"" + strings.Repeat("${\"", 500))
	f.Add("a = <<X\n\xff\x00\n")
	_, rows := seeds(f)
	for _, r := range rows {
		f.Add(r)
	}
	f.Fuzz(func(t *testing.T, source string) {
		began := time.Now()
		c, err := Parse("s.hcl", []byte(source))
		if took := time.Since(began); took > 10*time.Second {
			t.Fatalf("took %s", took)
		}
		var wrong *Error
		switch {
		case errors.As(err, &wrong):
			for _, d := range wrong.Diagnostics {
				if d.Subject == nil || d.Summary == "" || d.Detail == "" || misformed(d.Detail, source) {
					t.Fatalf("diagnostic: %v", d)
				}
			}
			return
		case err != nil && len(source) <= mostBytes:
			t.Fatalf("an error without a position: %v", err)
		case err != nil:
			return
		}
		if c.Cluster == "" || (c.Queue.Settings == nil) != (c.Queue.Type == adapter.Auto) || c.Interval <= 0 || c.Queue.Timeout <= 0 {
			t.Fatalf("incomplete: %+v", c)
		}
		if w := c.Web; w.Listen != "" && !w.Loopback() && w.Username == "" && w.ClientCAFile == "" && !w.Open {
			t.Fatalf("open to the network: %+v", w)
		}
		for name, b := range c.Policy.Groups {
			if b.Min < 0 || b.Max >= 0 && (b.Min > b.Max || b.Spare > b.Max) {
				t.Fatalf("group %s: %+v", name, b)
			}
		}
		if c.Queue.Settings != nil {
			c.Queue.Settings.Problem()
		}
	})
}

// seeds are the files of the table of wrong configurations.
func seeds(f *testing.F) (string, []string) {
	f.Helper()
	head, rows := readRows(f)
	var files []string
	for _, r := range rows {
		files = append(files, r.source())
	}
	return head, files
}

// A file of brackets does not end the program.
func TestDeepFiles(t *testing.T) {
	for _, part := range []string{"(", "[", "{", "a{", "!", "-", "\"${", "[for a in ", "a ? ", "a[", "a("} {
		source := "a = " + strings.Repeat(part, mostBytes)
		if _, err := Parse("s.hcl", []byte(source[:mostBytes])); err == nil {
			t.Errorf("%q: accepted", part)
		}
	}
	if _, err := Parse("s.hcl", make([]byte, mostBytes+1)); err == nil || !strings.Contains(err.Error(), "larger than 256 kB") {
		t.Errorf("a large file: %v", err)
	}
}

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// misformed reports whether a message has a Go type or a wrong verb. Within its quotes that
// may be the user's, if the source has the like, or an escape that may lead to it.
func misformed(detail, source string) bool {
	own := quoted.ReplaceAllString(detail, "")
	for _, bad := range []string{"cty.", "%!"} {
		users := strings.Contains(source, bad) || strings.Contains(source, `\`) || strings.Contains(source, "%%")
		if strings.Contains(own, bad) || strings.Contains(detail, bad) && !users {
			return true
		}
	}
	return false
}
