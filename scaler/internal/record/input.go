package record

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
)

// Input is everything that a round's decision depends on.
type Input struct {
	Facts  decide.Facts  `json:"facts"`
	Policy decide.Policy `json:"policy"` // as configured
	Memory decide.Memory `json:"memory"` // of the rounds before
	Now    time.Time     `json:"now"`
}

// Decide decides. The same input gives the same outcome.
func (in Input) Decide() (decide.Outcome, decide.Memory) {
	return decide.Tick(in.Facts, in.Policy, in.Memory, in.Now)
}
