package decide

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Policy is what the operator wants.
type Policy struct {
	ScaleOutAfter time.Duration // demand must last this long
	IdleAfter     time.Duration // a worker unused this long goes
	FirstJobGrace time.Duration // the same for one that never had a job
	JoinTimeout   time.Duration // a worker not in the pool for this long is replaced
	DrainRecheck  time.Duration // least time between "drained" and the removal
	PoolSettle    time.Duration // nothing is removed while the pool's directory is younger
	MaxAge        time.Duration // facts older than this cause nothing
	MaxCreate     int           // per tick, all groups
	MaxInFlight   int           // servers that have not joined yet, all groups
	MaxRemove     int           // workers asked to leave per tick, all groups
	Groups        map[string]Bounds
}

// Bounds limits a group. A group without bounds is left alone.
type Bounds struct {
	Min, Max int
	Shape    queue.Shape // of a worker, as the operator says; zero fields are found out
}

// DefaultPolicy returns the policy that holds where nothing else is said.
func DefaultPolicy() Policy {
	return Policy{
		ScaleOutAfter: 60 * time.Second,
		IdleAfter:     60 * time.Second,
		FirstJobGrace: 300 * time.Second,
		JoinTimeout:   15 * time.Minute,
		DrainRecheck:  15 * time.Second,
		PoolSettle:    180 * time.Second,
		MaxAge:        120 * time.Second,
		MaxCreate:     10,
		MaxInFlight:   50,
		MaxRemove:     10,
		Groups:        map[string]Bounds{},
	}
}
