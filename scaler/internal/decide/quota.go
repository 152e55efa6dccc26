package decide

import (
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// Room is what the project's quota leaves, others' servers counted. A nil number has
// no limit, or none that is known.
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

// quota is one number of the quota, and what a worker takes of it.
type quota struct {
	what string
	left *int
	each int
}

func (r Room) quotas(size Size) []quota {
	return []quota{
		{"instances", r.Instances, 1},
		{"cores", r.Cores, size.Cores},
		{"MiB of RAM", r.RAMMiB, size.RAMMiB},
	}
}

// full reports whether the quota has no room for one worker.
func (r Room) full(size Size) bool {
	return slices.ContainsFunc(r.quotas(size), func(q quota) bool { return q.left != nil && q.each > *q.left })
}

// limit returns for how many of n workers the quota has room, and why not for all. No
// room is no failure: the quota is read again in the next round.
func (r Room) limit(size Size, n int) (int, []reason.Reason) {
	fit := n
	var short []reason.Reason
	for _, q := range r.quotas(size) {
		if q.left == nil || q.each <= 0 {
			continue
		}
		left := max(*q.left, 0)
		if room := left / q.each; room < n {
			fit = min(fit, room)
			short = append(short, reason.New(reason.QuotaLeft, reason.Count("left", left), reason.Name("what", q.what), reason.Count("each", q.each)))
		}
	}
	if fit == n {
		return n, nil
	}
	return fit, []reason.Reason{reason.New(reason.QuotaExceeded, reason.Count("left_out", n-fit), reason.Count("workers", n), reason.Why("short", short...))}
}

// after returns what is left once n workers are made.
func (r Room) after(size Size, n int) Room {
	less := func(left *int, each int) *int {
		if left == nil {
			return nil
		}
		rest := *left - n*each
		return &rest
	}
	return Room{Instances: less(r.Instances, 1), Cores: less(r.Cores, size.Cores), RAMMiB: less(r.RAMMiB, size.RAMMiB)}
}
