package decide

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Room is what the project's quota leaves, others' servers counted. What is nil
// has no limit, or none that is known.
type Room struct {
	Instances *int `json:"instances,omitempty"`
	Cores     *int `json:"cores,omitempty"`
	RAMMiB    *int `json:"ram_mib,omitempty"`
}

// Size is what a server takes of the quota; 0 is not known.
type Size struct {
	Cores  int `json:"cores"`
	RAMMiB int `json:"ram_mib"`
}

// byQuota is how many of n workers the quota has room for. No room is no failure:
// it is read again in the next tick.
func (t *tick) byQuota(group string, n int) int {
	fit := n
	var short []reason.Reason
	for _, q := range t.quotas(group) {
		if q.left == nil || q.each <= 0 {
			continue
		}
		if room := max(*q.left, 0) / q.each; room < n {
			fit = min(fit, room)
			short = append(short, reason.New(reason.QuotaLeft, reason.Count("left", max(*q.left, 0)), reason.Name("what", q.what), reason.Count("each", q.each)))
		}
	}
	if fit < n {
		t.d.note("group "+group, reason.New(reason.QuotaExceeded, reason.Count("left_out", n-fit), reason.Count("workers", n), reason.Why("short", short...)))
	}
	return fit
}

// noRoom tells that the quota has no room for one worker of the group.
func (t *tick) noRoom(group string) bool {
	return slices.ContainsFunc(t.quotas(group), func(q quota) bool { return q.left != nil && q.each > *q.left })
}

// take counts n workers as made.
func (t *tick) take(group string, n int) {
	for _, q := range t.quotas(group) {
		if q.left != nil {
			*q.left -= n * q.each
		}
	}
}

type quota struct {
	what string
	left *int
	each int
}

func (t *tick) quotas(group string) []quota {
	size := t.facts.Sizes[group]
	return []quota{
		{"instances", t.room.Instances, 1},
		{"cores", t.room.Cores, size.Cores},
		{"MiB of RAM", t.room.RAMMiB, size.RAMMiB},
	}
}

// clone keeps a tick from counting in its caller's facts.
func (r Room) clone() Room {
	copied := func(n *int) *int {
		if n == nil {
			return nil
		}
		c := *n
		return &c
	}
	return Room{copied(r.Instances), copied(r.Cores), copied(r.RAMMiB)}
}
