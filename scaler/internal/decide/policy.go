package decide

import (
	"math"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Policy is what the operator wants.
type Policy struct {
	ScaleOutAfter time.Duration       `json:"scale_out_after_ns"`    // demand must last this long
	IdleAfter     time.Duration       `json:"idle_after_ns"`         // a worker unused this long goes
	FirstJobGrace time.Duration       `json:"first_job_grace_ns"`    // the same for one that never had a job
	JoinTimeout   time.Duration       `json:"join_timeout_ns"`       // a worker not in the pool for this long is replaced
	LearnJoin     bool                `json:"learn_join_timeout"`    // JoinTimeout holds only until the group's own is known, see join.go
	OutCooldown   time.Duration       `json:"scale_out_cooldown_ns"` // between a group's newest worker and the next ones that jobs cause
	InCooldown    time.Duration       `json:"scale_in_cooldown_ns"`  // between a group's newest worker, or its last that left, and the next asked to leave
	DrainRecheck  time.Duration       `json:"drain_recheck_ns"`      // least time between "drained" and the removal
	PoolSettle    time.Duration       `json:"pool_settle_ns"`        // nothing is removed while the pool's directory is younger
	MaxAge        time.Duration       `json:"max_age_ns"`            // facts older than this cause nothing
	MaxCreate     int                 `json:"max_create"`            // per round, all groups; a job that needs more at once gets a round of its own. 0: what quota and MaxInFlight allow
	MaxInFlight   int                 `json:"max_in_flight"`         // servers that have not joined yet, all groups
	MaxRemove     int                 `json:"max_remove"`            // workers asked to leave per round, all groups
	Charge        Charge              `json:"charge,omitempty"`      // the groups that the actuator can change
	Groups        map[string]Bounds   `json:"groups"`
	Schedules     map[string][]Window `json:"schedules,omitempty"` // by group
}

// Bounds limits a group. A group without bounds, here and in the cluster
// document, is left alone.
type Bounds struct {
	Min      int         `json:"min"`
	Max      int         `json:"max"`      // Unsaid: the document's, or DefaultMax where that has none
	Shape    queue.Shape `json:"shape"`    // of a worker, as the operator says; zero fields are found out
	Priority int         `json:"priority"` // of the groups that fit, those with the highest get the jobs
	Spare    int         `json:"spare"`    // workers kept empty beside what the jobs need
}

// Unsaid is a Max that the operator left out; DefaultMax then holds where the
// document has no bounds.
const (
	Unsaid     = -1
	DefaultMax = 10
)

// For returns the policy for a cluster whose document may have bounds of its
// own: those that Terraform's configuration gives a group in the scaler's charge.
// A group that only the document bounds is managed within these. Groups of the cluster
// that the actuator can't change are left out. Where both the
// document and the policy have bounds, the policy narrows the document's and never
// widens them.
func (p Policy) For(groups map[string]cluster.GroupSpec) Policy {
	out := make(map[string]Bounds, len(p.Groups))
	for name, b := range p.Groups {
		if g, there := groups[name]; there && !p.Charge.covers(g) {
			continue
		}
		if s := groups[name].Scaling; s != nil {
			if b.Max == Unsaid {
				b.Max = s.Max
			}
			b.Min = min(max(b.Min, s.Min), s.Max)
			b.Max = min(max(b.Max, s.Min), s.Max)
		} else if b.Max == Unsaid {
			b.Max = max(DefaultMax, b.Min)
		}
		out[name] = b
	}
	for name, g := range groups {
		if _, said := p.Groups[name]; !said && g.Scaling != nil && p.Charge.covers(g) {
			out[name] = Bounds{Min: g.Scaling.Min, Max: g.Scaling.Max}
		}
	}
	p.Groups = out
	return p
}

// mostNew returns how many workers a round may make at most.
func (p Policy) mostNew() int {
	if p.MaxCreate == 0 {
		return math.MaxInt
	}
	return p.MaxCreate
}

// DefaultPolicy returns the policy that holds where the configuration says nothing.
func DefaultPolicy() Policy {
	return Policy{
		ScaleOutAfter: 60 * time.Second,
		IdleAfter:     60 * time.Second,
		FirstJobGrace: 300 * time.Second,
		JoinTimeout:   15 * time.Minute,
		LearnJoin:     true,
		DrainRecheck:  15 * time.Second,
		PoolSettle:    180 * time.Second,
		MaxAge:        120 * time.Second,
		MaxInFlight:   200,
		MaxRemove:     10,
		Groups:        map[string]Bounds{},
	}
}
