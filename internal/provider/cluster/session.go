package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/preflight"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
)

// ErrUnknownConfig is the error of a Connector while a setting of the provider is
// known during the apply only.
var ErrUnknownConfig = errors.New("a setting of the provider is known during the apply only; make what it depends on first, for example with -target")

// Cloud is the part of an OpenStack client that a plan asks; *openstack.Client
// implements it.
type Cloud interface {
	catalog
	preflight.Cloud

	// NodesWithAny returns every server of the project that has one of the tags.
	NodesWithAny(ctx context.Context, tags ...string) (cluster.Nodes, error)
}

// Connector reaches the cloud that the provider's configuration names.
type Connector interface {
	// Cloud returns the client, or ErrUnknownConfig.
	Cloud(ctx context.Context) (Cloud, error)
	// Provisioner returns a provisioner on the same cloud, or ErrUnknownConfig.
	Provisioner(ctx context.Context) (*provision.Provisioner, error)
}

// freshness is how long a create relies on an earlier look at the cloud. A plan on
// a busy cloud takes half a minute after that look.
const freshness = time.Minute

// Session is what all clusters of one configured provider share: the way to the
// cloud, and which clusters and names this run has met.
type Session struct {
	Connector

	mu    sync.Mutex
	read  map[string]bool      // IDs of the clusters in this run's state
	free  map[string]time.Time // when no server of a cluster of that name existed
	taken map[string]bool      // names of the clusters that this run creates

	turns  map[string]chan struct{} // by cluster name: full while an apply or a destroy runs
	groups map[string][]string      // the groups of the clusters that this run plans, by cluster name
}

// NewSession returns the session of a provider that is configured now.
func NewSession(c Connector) *Session { return &Session{Connector: c} }

// sessionOf returns the session that the provider hands to its resources. It is
// nil while a configuration is validated.
func sessionOf(data any, diags *diag.Diagnostics) *Session {
	if data == nil {
		return nil
	}
	s, ok := data.(*Session)
	if !ok {
		diags.AddError("The provider is not whole", "Its parts do not fit together: this program was not built from one release.")
	}
	return s
}

// remember notes a cluster that the state holds.
func (s *Session) remember(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read == nil {
		s.read = map[string]bool{}
	}
	s.read[id] = true
}

// has reports whether the state holds that cluster.
func (s *Session) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read[id]
}

// mayReplace reports whether the state holds a cluster at all: a plan without a
// prior state may then be the second half of a replacement.
func (s *Session) mayReplace() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.read) > 0
}

// intend notes which groups a planned cluster has, and returns those of other clusters of
// this run whose workers would have the same names.
func (s *Session) intend(name string, groups []string) []cluster.Homonym {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups == nil {
		s.groups = map[string][]string{}
	}
	s.groups[name] = groups
	var out []cluster.Homonym
	for _, group := range groups {
		for _, h := range cluster.Homonyms(name, group) {
			if slices.Contains(s.groups[h.OtherCluster], h.OtherGroup) {
				out = append(out, h)
			}
		}
	}
	return out
}

// alone waits until this process runs no other apply or destroy of a cluster of that
// name: each takes the servers of an unfinished cluster of the name for leftovers. The
// caller calls done when it has ended.
func (s *Session) alone(ctx context.Context, name string) (done func(), err error) {
	s.mu.Lock()
	if s.turns == nil {
		s.turns = map[string]chan struct{}{}
	}
	turn, ok := s.turns[name]
	if !ok {
		turn = make(chan struct{}, 1)
		s.turns[name] = turn
	}
	s.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait until another change of a cluster named %q has ended: %w", name, context.Cause(ctx))
	}
}

// foundFree notes that no server of a cluster of that name exists now.
func (s *Session) foundFree(name string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == nil {
		s.free = map[string]time.Time{}
	}
	s.free[name] = now
}

// claim reserves a name for one create of this run: a second create would take
// the first one's servers for leftovers of an interrupted run. free reports
// whether the name was found free less than freshness ago.
func (s *Session) claim(name string, now time.Time) (free bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[name] {
		return false, fmt.Errorf("another resource of this configuration makes a cluster named %q; give each its own name", name)
	}
	if s.taken == nil {
		s.taken = map[string]bool{}
	}
	s.taken[name] = true
	at, ok := s.free[name]
	return ok && now.Sub(at) < freshness, nil
}
