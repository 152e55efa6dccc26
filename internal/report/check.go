package report

import (
	"fmt"
	"net/netip"
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
)

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
}
