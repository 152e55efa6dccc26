package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// Each row: what is wrong with a configuration, the attribute that the plan
// points at, and what it says. Nothing is made.
func TestAccClusterBadInput(t *testing.T) {
	t.Parallel() // its rows run beside other tests
	two := append(openstacktest.DefaultImages(), openstacktest.Image{ID: "a1599d16-0000-4000-8000-000000000003", Name: "tiny"})
	cpu := `AttributeName("workers").ElementKeyString("cpu")`
	group := func(more string) string { return basic(`cpu = { flavor = "m1.small", count = 1` + more + ` }`) }
	good := group("")
	swap := func(was, now string) string { return strings.Replace(good, was, now, 1) }
	large := `join("", [for i in range(1000) : sha512(tostring(i))])`
	half := func(numbers string) string {
		return `{ flavor = "m1.small", count = 0, cloud_config = "#cloud-config\n# ${join("", [for i in range(` + numbers + `) : sha512(tostring(i))])}\n" }`
	}
	for _, row := range []struct {
		name, body, path string
		says             []string
	}{
		{"name no label", swap(`"astro"`, `"Astro_1"`), `AttributeName("name")`, []string{"DNS label"}},
		{"name too long", swap(`"astro"`, `"a2345678901234567890123456789012345678"`), `AttributeName("name")`, []string{"at most 36"}},
		{"group no label", basic(`"CPU" = { flavor = "m1.small", count = 1 }`), `AttributeName("workers").ElementKeyString("CPU")`, []string{"DNS label"}},
		{"group named front-end", basic(`frontend = { flavor = "m1.small", count = 1 }`), `AttributeName("workers").ElementKeyString("frontend")`, []string{"front-end's own"}},
		{"negative count", basic(`cpu = { flavor = "m1.small", count = -1 }`), cpu + `.AttributeName("count")`, []string{"between 0"}},
		{"unknown image", swap("debian-13-hpc", "debian-31"), `AttributeName("image")`, []string{`Unknown image "debian-31"`, "debian-13-hpc"}},
		{"ambiguous image", swap("debian-13-hpc", "tiny"), `AttributeName("image")`, []string{"Ambiguous image", "000000000001", "000000000003", "Use the ID"}},
		{"unknown image of a group", group(`, image = "x"`), cpu + `.AttributeName("image")`, []string{`Unknown image "x"`}},
		{"unknown flavor", swap("m1.medium", "m9"), `AttributeName("front_end").AttributeName("flavor")`, []string{`Unknown flavor "m9"`, "m1.small"}},
		{"unknown network", swap(`"private"`, `"privat"`), `AttributeName("network")`, []string{`Unknown network "privat"`, "private"}},
		{"network not external", swap(`"m1.medium" }`, `"m1.medium", external_network = "private" }`), `AttributeName("front_end").AttributeName("external_network")`, []string{`Unknown external network "private"`}},
		{"unknown key pair", swap(`"ops"`, `"me"`), `AttributeName("key_pair")`, []string{`Unknown key pair "me"`, "ops"}},
		{"unknown security group", group(`, security_groups = ["web"]`), cpu + `.AttributeName("security_groups").ElementKeyValue(tftypes.String<"web">)`, []string{`Unknown security group "web"`}},
		{"no image at all", swap(`image     = "debian-13-hpc"`, ""), cpu + `.AttributeName("image")`, []string{"Missing image"}},
		{"no duration", good + "\n  drain_timeout = \"soon\"", `AttributeName("drain_timeout")`, []string{"span of time"}},
		{"login user", good + "\n  login_user = \"Ada L\"", `AttributeName("login_user")`, []string{"user name"}},
		{"login user of the system", good + "\n  login_user = \"root\"", `AttributeName("login_user")`, []string{"system account", "an account of its own"}},
		{"name of a system account", swap(`"astro"`, `"condor"`), `AttributeName("name")`, []string{"condor", "Set `login_user`"}},
		{"relative file", group(`, files = { "etc/motd" = "x" }`), cpu + `.AttributeName("files").ElementKeyString("etc/motd")`, []string{"absolute path"}},
		{"no cloud-config", group(`, cloud_config = "packages: [htop]"`), cpu + `.AttributeName("cloud_config")`, []string{"#cloud-config"}},
		{"user data too large", group(`, files = { "/opt/data" = ` + large + ` }`), cpu + `.AttributeName("files")`, []string{"too large"}},
		{"document too large", swap(`workers   = {`, `workers   = { a = `+half("0, 200")+`, b = `+half("200, 400")+`, `), `AttributeName("workers")`, []string{"document", "too large"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t, openstacktest.Options{Images: two}, guest.Options{})
			// The CLI breaks its lines anywhere, so the test reads what the provider sent.
			s.run(t, resource.TestStep{Config: s.config(row.body), PlanOnly: true, ExpectError: regexp.MustCompile(`Error: `)})
			for _, e := range s.heard.errors() {
				if e.path == row.path && containsAll(e.summary+"\n"+e.text, row.says) {
					return
				}
			}
			t.Errorf("no error at %s that says %q; heard: %v", row.path, row.says, s.heard.errors())
		})
	}
}
