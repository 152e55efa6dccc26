package batch

import (
	"iter"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// member is a worker of a batch.
type member struct {
	name, group string
	zone        string   // availability zone; "" is the cloud's choice
	serverGroup string   // ID; "" is none
	id          string   // "" while it has no server
	old         []string // servers of earlier tries, being deleted
	zones       []string // of earlier tries
	tries       int
	unseen      int // lists in a row that did not show it
	node        cluster.Node
	batch, ca   string // that its server was made in, and the public half of that batch's CA
	called      bool   // a create call is under way: the other fields belong to it, but for the names
	held        bool   // not to be made yet, see Waiting
	lost        bool   // given up, see Batch.Problems
	unanswered  bool   // with lost: the cloud may have made its server, or may yet make it
}

// members are the workers of a batch, by name.
type members map[string]*member

// settled are those without a create call under way.
func (ms members) settled() iter.Seq[*member] {
	return func(yield func(*member) bool) {
		for _, m := range ms {
			if !m.called && !yield(m) {
				return
			}
		}
	}
}

// triedZones returns the zones of all tries, where there was a choice.
func (m *member) triedZones() []string {
	if m.zone == "" {
		return nil
	}
	if slices.Contains(m.zones, m.zone) { // there was no other zone for the last try
		return slices.Clone(m.zones)
	}
	return append(slices.Clone(m.zones), m.zone)
}

// zonesInWords says in which zones the member was tried, in order; "" where there
// was no choice.
func (m *member) zonesInWords() string {
	if m.zone == "" {
		return ""
	}
	return "; tried in availability zone " + strings.Join(append(slices.Clone(m.zones), m.zone), ", then ")
}
