package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"
)

// ErrOther is the error of a round that is decided otherwise than it was recorded.
var ErrOther = errors.New("the round is decided otherwise than it was recorded")

// Replay decides a recorded round again and returns the outcome. It fails with
// ErrOther where the decision is not the recorded one, and with another error where
// the record does not hold what was decided on.
func Replay(r Record) (decide.Outcome, error) {
	if r.Input == nil {
		return decide.Outcome{}, errors.New("the record does not hold what was decided on: facts = true in the log block keeps that")
	}
	out, _ := r.Input.Decide()
	was, err := json.Marshal(decided(r.Decision))
	if err != nil {
		return out, fmt.Errorf("encode the recorded decision: %w", err)
	}
	is, err := json.Marshal(out.Decision)
	if err != nil {
		return out, fmt.Errorf("encode the decision: %w", err)
	}
	if !bytes.Equal(was, is) {
		return out, fmt.Errorf("%w:\nrecorded: %s\nnow:      %s", ErrOther, was, is)
	}
	return out, nil
}

// decided returns a recorded decision without the notes that were added while it was
// carried out.
func decided(d decide.Decision) decide.Decision {
	var notes []decide.Note
	for _, n := range d.Notes {
		if n.Reason.Code != reason.PutOff && n.Reason.Code != reason.DiscardUnknown {
			notes = append(notes, n)
		}
	}
	d.Notes = notes
	return d
}
