package loop

import "time"

// leastStep is the least change of the system's clock that counts as its being set.
// Smaller ones are corrections of its pace.
const leastStep = time.Second

// follow returns the present time for what is remembered. Where the system's clock was
// set since the last call, what is remembered moves with it: decisions go by the wall
// clock alone, so that a recorded round can be decided again.
func (s *state) follow(now time.Time) time.Time {
	if !s.followed.IsZero() {
		if step := clockStep(now.Round(0).Sub(s.followed.Round(0)), now.Sub(s.followed)); step != 0 {
			s.memory = s.memory.Shifted(step)
		}
	}
	s.followed = now
	return now
}

// clockStep returns by how much the system's clock was set in a time that lasted so long
// by the wall clock, and ran so long by the clock that is never set.
func clockStep(wall, ran time.Duration) time.Duration {
	if step := wall - ran; step.Abs() >= leastStep {
		return step
	}
	return 0
}
