package guest

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// trusted is what a worker has from the front-end that joined it last: a host
// certificate, and the CA whose certificates it admits.
type trusted struct{ hostCA, ca string }

func fingerprint(ca string) string { return trust.Fingerprint(ca) }

// admits reports whether a front-end can verify a worker and log in to it. A worker
// that another front-end has joined shows that front-end's certificate, and trusts the
// CA of its last bundle. The new front-end has a certificate of the CA in its metadata.
func (s *Simulator) admits(f *frontEnd, worker openstacktest.Server, servers []openstacktest.Server) bool {
	has, joined := s.trust[worker.ID]
	if f.document.Coordinator == cluster.CoordinatorLastWorker && !joined && !names(f.document, worker) {
		return false
	}
	if !joined || has.hostCA == f.hostCA {
		return true
	}
	if !slices.Contains(f.document.HostCAs, has.hostCA) {
		return false
	}
	i := slices.IndexFunc(servers, func(s openstacktest.Server) bool { return s.ID == f.id })
	return i >= 0 && servers[i].Metadata[cluster.MetaCA] == has.ca
}

// names reports whether a roster means this server and not an earlier one of its name.
// A roster that a worker brought may be older than the cloud's document.
func names(d cluster.Document, worker openstacktest.Server) bool {
	m, ok := d.Member(worker.Name)
	return ok && m.Address == worker.Address && m.Batch == worker.Metadata[cluster.MetaBatch]
}

// HostCA returns the host CA of the front-end that joined a worker last.
func (s *Simulator) HostCA(workerID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trust[workerID].hostCA
}
