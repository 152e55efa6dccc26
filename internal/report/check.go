package report

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

const (
	// MaxStep is how far a generation that is heard of may be above the document's. A run
	// that was cut short has sent one roster at most, so many more are no accident.
	MaxStep = 1000

	// maxCount is more workers than a document can name.
	maxCount = 100_000

	// maxJobs is more jobs than a queue holds.
	maxJobs = 100_000_000

	// MaxIDs is how many waiting jobs of a group a report names.
	MaxIDs = 3
)

// jobID is the form of a job's ID: a number, or several with signs between them, as in
// 17.0, 17_[1-5%2] or 17+1.
var jobID = regexp.MustCompile(`^[0-9A-Za-z][-0-9A-Za-z._+:%,\[\]]{0,39}$`)

// check returns what is out of bounds in a report. Its texts become part of messages,
// and its keys part of files on other nodes, so the front-end's own root is not
// trusted with more than a report needs.
func (o Origin) check(r cluster.Report) error {
	if r.Generation < 0 || r.Generation > cluster.MaxGeneration || r.Generation > o.Generation+MaxStep {
		return fmt.Errorf("generation %d is out of bounds: the document's is %d", r.Generation, o.Generation)
	}
	if r.Sequence < 0 || r.Sequence > cluster.MaxGeneration {
		return fmt.Errorf("sequence %d is out of bounds", r.Sequence)
	}
	for name, n := range map[string]int{"joined": r.Joined, "pending": r.Pending, "drained_count": r.DrainedCount} {
		if n < 0 || n > maxCount {
			return fmt.Errorf("%s = %d is out of bounds", name, n)
		}
	}
	for name, key := range map[string]string{"host_key": r.HostKey, "host_ca": r.HostCA, "ca": r.CA} {
		if key == "" {
			continue
		}
		if err := trust.CheckPublic(key); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if _, err := netip.ParseAddr(r.Address); r.Address != "" && (err != nil || !cluster.IsAddress(r.Address)) {
		return fmt.Errorf("address %q is no IP address", r.Address)
	}
	return nil
}

// clean puts "?" in place of each character that can't be printed. Such a character
// does not cost the rest of the report.
func clean(r *cluster.Report) {
	for _, text := range []*string{&r.PendingNames, &r.Never, &r.Drained, &r.Busy, &r.Error} {
		*text = strings.Map(func(c rune) rune {
			if unicode.IsPrint(c) {
				return c
			}
			return '?'
		}, *text)
	}
	r.Waits = sound(r.Waits)
}

// sound returns the entries of groups that can exist, each with a number of jobs that can
// be and the first IDs that look like those of a batch system.
func sound(waits cluster.Waits) cluster.Waits {
	var out cluster.Waits
	for group, jobs := range waits {
		if cluster.CheckGroupName(group) != nil || jobs.Count < 1 || jobs.Count > maxJobs {
			continue
		}
		jobs.IDs = slices.DeleteFunc(jobs.IDs, func(id string) bool { return !jobID.MatchString(id) })
		jobs.IDs = jobs.IDs[:min(len(jobs.IDs), MaxIDs, jobs.Count)]
		if out == nil {
			out = cluster.Waits{}
		}
		out[group] = jobs
	}
	return out
}
