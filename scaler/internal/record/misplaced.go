package record

import (
	"errors"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// misplaced are the reasons for which a group's block can't do anything: the operator has
// to change a configuration.
var misplaced = []reason.Code{reason.GroupHasCount, reason.GroupHasScaling}

// Misplaced reports whether the note is about a group's block that can't do anything.
func Misplaced(n decide.Note) bool { return slices.Contains(misplaced, n.Reason.Code) }

// Misplaced returns an error that names the groups whose blocks can't do anything, and
// what to change; nil if there are none.
func (r Record) Misplaced() error {
	var all []error
	for _, n := range r.Notes {
		if Misplaced(n) {
			all = append(all, errors.New(n.About+": "+n.Reason.String()))
		}
	}
	return errors.Join(all...)
}
