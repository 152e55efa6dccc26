package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// ErrOther is the error of a round whose new decision differs from the recorded one.
var ErrOther = errors.New("the round is decided otherwise than it was recorded")

// Replay decides a recorded round again and returns the outcome. It fails with
// ErrOther where the decision is not the recorded one, and with another error where
// the record does not hold what was decided on. Reasons are compared by their codes:
// their words and arguments may differ between versions.
func Replay(r Record) (decide.Outcome, error) {
	if r.Input == nil {
		return decide.Outcome{}, errors.New("the record does not hold what was decided on: facts = true in the log block keeps that")
	}
	out, _ := r.Input.Decide()
	if r.Finishing {
		out.Decision = out.Decision.Finishing()
	}
	was, err := json.Marshal(essence(r.Decision))
	if err != nil {
		return out, fmt.Errorf("encode the recorded decision: %w", err)
	}
	is, err := json.Marshal(essence(out.Decision))
	if err != nil {
		return out, fmt.Errorf("encode the decision: %w", err)
	}
	if !bytes.Equal(was, is) {
		return out, fmt.Errorf("%w:\nrecorded: %s\nnow:      %s", ErrOther, was, is)
	}
	return out, nil
}

// essence returns what is compared of a decision: all that is done, and of the reasons
// the codes. Notes that are added while a decision is carried out are left out.
func essence(d decide.Decision) decide.Decision {
	d.Add, d.Notes = slices.Clone(d.Add), slices.Clone(d.Notes)
	d.Notes = slices.DeleteFunc(d.Notes, func(n decide.Note) bool {
		return n.Reason.Code == reason.PutOff || n.Reason.Code == reason.ConsoleFirst || n.Reason.Code == reason.CallsUnderWay || n.Reason.Code == reason.DiscardUnknown
	})
	for i := range d.Add {
		d.Add[i].Reason = codeOf(d.Add[i].Reason)
	}
	for i := range d.Notes {
		d.Notes[i].Reason = codeOf(d.Notes[i].Reason)
	}
	for _, steps := range []*[]decide.Step{&d.Enrol, &d.Drain, &d.Undrain, &d.Close, &d.Open, &d.Remove, &d.Forget, &d.Discard} {
		*steps = slices.Clone(*steps)
		for i := range *steps {
			(*steps)[i].Reason = codeOf((*steps)[i].Reason)
		}
	}
	d.Stop, d.Stopped = codeOf(d.Stop), ""
	return d
}

func codeOf(r reason.Reason) reason.Reason { return reason.Reason{Code: r.Code} }
