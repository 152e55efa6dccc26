package openstacktest

import (
	"fmt"
	"net/http"
	"strings"
)

// usage is what a project uses, or would use.
type usage struct{ cores, instances, ram int }

func (c *Cloud) used() usage {
	var u usage
	for _, s := range c.servers {
		if s.status != statusDeleted {
			u.cores, u.instances, u.ram = u.cores+s.flavor.VCPUs, u.instances+1, u.ram+s.flavor.RAM
		}
	}
	return u
}

// overQuota returns Nova's words for what n more servers of a flavor would
// exceed, or "".
func (c *Cloud) overQuota(used usage, f Flavor, n int) string {
	var names, asked, taken, limits []string
	for _, r := range []struct {
		name                string
		asked, used, limits int
	}{
		{"cores", f.VCPUs * n, used.cores, c.o.Quota.Cores},
		{"instances", n, used.instances, c.o.Quota.Instances},
		{"ram", f.RAM * n, used.ram, c.o.Quota.RAM},
	} {
		if r.limits > 0 && r.used+r.asked > r.limits {
			names, asked = append(names, r.name), append(asked, fmt.Sprint(r.asked))
			taken, limits = append(taken, fmt.Sprint(r.used)), append(limits, fmt.Sprint(r.limits))
		}
	}
	if len(names) == 0 {
		return ""
	}
	all := func(s []string) string { return strings.Join(s, ", ") }
	return fmt.Sprintf("Quota exceeded for %s: Requested %s, but already used %s of %s %s",
		all(names), all(asked), all(taken), all(limits), all(names))
}

func (c *Cloud) checkQuota(q *request, s *server, n int) bool {
	if message := c.overQuota(c.used(), s.flavor, n); message != "" && !c.o.LateQuota {
		computeError(q, http.StatusForbidden, message)
		return false
	}
	if most := c.o.Quota.Ports; most > 0 && c.portsPromised()+newPorts(s.nics)*n > most {
		computeError(q, http.StatusForbidden, "Maximum number of ports exceeded")
		return false
	}
	return true
}

// portsPromised counts the ports that exist and those that building servers
// will still get.
func (c *Cloud) portsPromised() int {
	n := len(c.ports)
	for _, s := range c.servers {
		if s.status == statusBuild && !s.networked {
			n += newPorts(s.nics)
		}
	}
	return n
}

func newPorts(nics []nic) int {
	n := 0
	for _, w := range nics {
		if w.port == nil {
			n++
		}
	}
	return n
}

// lateQuota is the second check that Nova makes after the records are written: a
// server that exceeds the quota by then ends in ERROR (seen with two quick creates).
func (c *Cloud) lateQuota(made []*server, q *request) {
	for i, s := range made {
		used := c.used()
		rest := len(made) - i // the ones not yet checked do not count as used
		used.instances, used.cores, used.ram = used.instances-rest, used.cores-rest*s.flavor.VCPUs, used.ram-rest*s.flavor.RAM
		if message := c.overQuota(used, s.flavor, 1); message != "" {
			s.fail(http.StatusRequestEntityTooLarge, message, q.now)
		}
	}
}

func showLimits(c *Cloud, q *request) {
	limit := func(n int) int {
		if n == 0 {
			return -1
		}
		return n
	}
	u := c.used()
	absolute := map[string]int{
		"maxTotalInstances": limit(c.o.Quota.Instances), "maxTotalCores": limit(c.o.Quota.Cores), "maxTotalRAMSize": limit(c.o.Quota.RAM),
		"maxServerMeta": c.mostMetadata(), "maxTotalKeypairs": -1, "maxServerGroups": limit(c.o.Quota.ServerGroups), "maxServerGroupMembers": limit(c.o.Quota.ServerGroupMembers),
		"totalRAMUsed": u.ram, "totalCoresUsed": u.cores, "totalInstancesUsed": u.instances, "totalServerGroupsUsed": len(c.serverGroups),
	}
	if q.mv < 57 {
		absolute["maxPersonality"], absolute["maxPersonalitySize"] = 5, 10240
	}
	q.reply(http.StatusOK, map[string]any{"limits": map[string]any{"rate": []any{}, "absolute": absolute}})
}
