package decide

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// mostCollects is how often a gone server's remains are looked for in vain.
const mostCollects = 12

// Past is a server as it was seen last.
type Past struct {
	Name    string    `json:"name"`
	Batch   string    `json:"batch,omitempty"`   // the process's run that made it
	Volumes []string  `json:"volumes,omitempty"` // IDs of those that were to go with it
	Seen    time.Time `json:"seen"`
	Tries   int       `json:"tries"` // to collect its remains
}

// Remains is a server that is gone, of which ports and volumes may be left.
type Remains struct {
	Server  string   `json:"server"` // ID
	Worker  string   `json:"worker"`
	Volumes []string `json:"volumes,omitempty"` // IDs
}

// trackServers keeps account of the workers' servers. The ports and volumes of servers
// that have been gone for the grace are looked for: Nova deletes them with the server,
// and sometimes fails to.
func trackServers(r round, m Memory) (Decision, Memory) {
	var d Decision
	m.Servers = copied(m.Servers)
	for _, n := range r.facts.Cluster.Nodes {
		if n.Role == cluster.RoleWorker && n.ID != "" {
			m.Servers[n.ID] = Past{Name: n.Name, Batch: n.Batch, Volumes: n.Volumes, Seen: r.now}
		}
	}
	for id, p := range m.Servers {
		if r.now.Sub(p.Seen) >= orphanGrace {
			d.Collect = append(d.Collect, Remains{Server: id, Worker: p.Name, Volumes: p.Volumes})
		}
	}
	slices.SortFunc(d.Collect, func(a, b Remains) int {
		return cmp.Or(cluster.CompareNames(a.Worker, b.Worker), strings.Compare(a.Server, b.Server))
	})
	return d, m
}

// Collected returns the memory after a gone server's remains were looked for. When
// that failed they are looked for again later, but not for ever.
func (m Memory) Collected(server string, err error, now time.Time) Memory {
	m.Servers = copied(m.Servers)
	p := m.Servers[server]
	p.Seen, p.Tries = wall(now), p.Tries+1
	m.Servers[server] = p
	if err == nil || p.Tries >= mostCollects {
		delete(m.Servers, server)
	}
	return m
}
