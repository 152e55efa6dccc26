package openstacktest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// Zone is an availability zone with that many hypervisors.
type Zone struct {
	Name  string
	Hosts int
}

// host is a hypervisor.
type host struct{ name, zone string }

const noValidHost = "No valid host was found. There are not enough hosts available."

func (c *Cloud) hosts() []host {
	var out []host
	for _, z := range c.o.Zones {
		for range z.Hosts {
			out = append(out, host{"fake" + strconv.Itoa(len(out)+1), z.Name})
		}
	}
	return out
}

// place puts a new server onto the host with the fewest servers that zone and
// server group allow; where there is none, its build fails as the scheduler's
// would.
func (c *Cloud) place(s *server) {
	load := map[string]int{}
	for _, other := range c.servers {
		if other.status != statusDeleted && other.onHost() {
			load[other.host.name]++
		}
	}
	asked := s.zone
	var best host
	for _, h := range c.hosts() {
		allowed := (s.zone == "" || s.zone == h.zone) && c.groupAllows(s, h)
		if allowed && (best.name == "" || load[h.name] < load[best.name]) {
			best = h
		}
	}
	if best.name == "" {
		s.willFail = &serverFault{code: http.StatusInternalServerError, message: noValidHost}
		return
	}
	s.host, s.zone = best, best.zone
	s.askedZone = asked
}

func (c *Cloud) zoneKnown(q *request, zone string) bool {
	if zone != "" && !slices.ContainsFunc(c.o.Zones, func(z Zone) bool { return z.Name == zone }) {
		badRequest(q, "The requested availability zone is not available")
		return false
	}
	return true
}

func listZones(c *Cloud, q *request) {
	zones := []any{}
	for _, z := range c.o.Zones {
		zones = append(zones, map[string]any{"zoneName": z.Name, "zoneState": map[string]bool{"available": z.Hosts > 0}, "hosts": nil})
	}
	q.reply(http.StatusOK, map[string]any{"availabilityZoneInfo": zones})
}

// shownZone is the host's; a server that came to none shows what it asked for.
func (s *server) shownZone() string {
	if !s.onHost() && s.host.name != "" {
		return s.askedZone
	}
	return s.zone
}

// onHost reports whether the server is on a hypervisor.
func (s *server) onHost() bool {
	return s.host.name != "" && (s.status != statusError || !s.launched.IsZero())
}

// hostID is a hash of project and host; a server that is on none has none.
func (s *server) hostID() string {
	if !s.onHost() {
		return ""
	}
	sum := sha256.Sum224([]byte(fmt.Sprint(ProjectID, s.host.name)))
	return hex.EncodeToString(sum[:])
}
