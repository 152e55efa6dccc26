package openstacktest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	statusBuild   = "BUILD"
	statusActive  = "ACTIVE"
	statusError   = "ERROR"
	statusDeleted = "DELETED"
)

type serverFault struct {
	code    int
	message string
	at      time.Time
}

type server struct {
	id, name, image, keyName, description, zone string
	flavor                                      Flavor
	nics                                        []nic
	groups                                      []string // as the create call named them
	tags                                        []string // sorted
	metadata                                    map[string]string
	userData                                    string // base64, as it was sent
	configDrive                                 bool
	host                                        host         // none while no hypervisor could be found
	boot                                        *blockDevice // nil boots from the flavor's disk
	data                                        []blockDevice
	group                                       *serverGroup
	askedZone                                   string

	status             string
	created, updated   time.Time
	launched           time.Time
	networkAt, builtAt time.Time // when its ports come, when its build ends
	networked          bool
	willFail           *serverFault // what the build will end with
	fault              *serverFault
	deleting           bool
	locked             bool
	down               bool // in a cell that does not answer
	goneAt             time.Time

	password string
	caches   []metadataCache
	asked    int // requests to the metadata service
	console  string
}

// settle carries out all changes of state that are due by now.
func (c *Cloud) settle(now time.Time) {
	gone := false
	for _, s := range c.servers {
		if s.status == statusBuild {
			c.settleBuild(s, now)
		}
		if s.deleting && !now.Before(s.goneAt) {
			c.settleDelete(s, now)
		}
		gone = gone || s.status == statusDeleted && !now.Before(s.goneAt.Add(c.o.DeletedShown))
	}
	if gone {
		c.servers = slices.DeleteFunc(c.servers, func(s *server) bool {
			return s.status == statusDeleted && !now.Before(s.goneAt.Add(c.o.DeletedShown))
		})
	}
}

func (c *Cloud) settleBuild(s *server, now time.Time) {
	if s.willFail == nil && !s.networked && !now.Before(s.networkAt) && !s.deleting {
		s.networked = true
		if err := c.plug(s, now); err != nil {
			s.fail(500, fmt.Sprintf("Build of instance %s aborted: Failed to allocate the network(s) with error %s, not rescheduling.", s.id, err), now)
			c.unplug(s)
			return
		}
	}
	if now.Before(s.builtAt) {
		return
	}
	if f := s.willFail; f != nil {
		s.fail(f.code, f.message, s.builtAt)
		c.unplug(s)
		return
	}
	s.status, s.launched, s.updated = statusActive, s.builtAt, s.builtAt
	for _, p := range c.portsOf(s.id) {
		p.status = "ACTIVE"
	}
}

func (s *server) fail(code int, message string, now time.Time) {
	s.status, s.updated = statusError, now
	s.fault = &serverFault{code: code, message: message, at: now}
}

func (c *Cloud) settleDelete(s *server, now time.Time) {
	if s.status == statusDeleted {
		return
	}
	if s.metadata["vmlab_fail"] == "delete" {
		s.metadata = maps.Clone(s.metadata) // caches hold the old one
		delete(s.metadata, "vmlab_fail")
		s.deleting = false
		s.fail(500, "vmlab_fail=delete", now)
		return
	}
	s.status, s.updated = statusDeleted, s.goneAt
	c.unplug(s)
	c.dropVolumes(s)
}

// deleteServer answers 204 as often as it is asked while the server is there.
func deleteServer(c *Cloud, q *request, s *server) {
	if isLocked(q, s) {
		return
	}
	c.startDelete(s, q.now)
	q.empty(204)
}

func isLocked(q *request, s *server) bool {
	if s.locked {
		computeError(q, http.StatusConflict, "Instance "+s.id+" is locked")
	}
	return s.locked
}

// unfit writes the answer itself if the server's state forbids what is wanted: metadata
// and tags are written only to servers that are ACTIVE, PAUSED, SUSPENDED or SHUTOFF.
func unfit(q *request, s *server, what string) bool {
	switch s.vmState() {
	case "active", "paused", "suspended", "stopped":
		return false
	}
	computeError(q, http.StatusConflict, fmt.Sprintf("Cannot '%s' instance %s while it is in vm_state %s", what, s.id, s.vmState()))
	return true
}

func (c *Cloud) startDelete(s *server, now time.Time) {
	if s.deleting {
		return
	}
	began := c.deletes.begin(now, c.o.DeleteDelay, c.o.Pace.Deletes)
	s.deleting, s.goneAt = true, began.Add(c.o.DeleteDelay)
	c.settle(now)
}

// schedule stamps when a new server's states come.
func (c *Cloud) schedule(s *server) {
	build := max(0, c.o.BuildDelay+c.o.Pace.differs(c.created))
	if n, err := strconv.ParseFloat(s.metadata["vmlab_delay"], 64); err == nil {
		build += time.Duration(n * float64(time.Second))
	}
	address := c.o.AddressDelay
	if address == 0 {
		address = build / 2
	}
	began := c.builds.begin(s.created, build, c.o.Pace.Builds)
	s.networkAt, s.builtAt = began.Add(min(address, build)), began.Add(build)
	c.place(s)
	c.attachVolumes(s)
	if f := c.faultFor(s); f != nil {
		s.willFail = f
	}
}
