package decide

import "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/reason"

// left is what is left of what all groups share, in one round.
type left struct {
	room    Room
	create  int // new workers of this round
	booting int // servers that have not joined yet
}

// limit returns how many of n new workers a group may get, and why not all: its gate,
// names that are being freed, and what is left.
func (l left) limit(r round, group string, n int, g gate, freed int) (int, []reason.Reason) {
	var notes []reason.Reason
	limits := []func(n int) (int, []reason.Reason){
		func(n int) (int, []reason.Reason) { return g.limit(r, group, n) },
		func(n int) (int, []reason.Reason) { return byNames(n, freed) },
		func(n int) (int, []reason.Reason) { return byMaxCreate(n, l.create, r.policy.MaxCreate) },
		func(n int) (int, []reason.Reason) { return byMaxInFlight(n, l.booting, r.policy.MaxInFlight) },
		func(n int) (int, []reason.Reason) { return l.room.limit(r.facts.Sizes[group], n) },
	}
	for _, limit := range limits {
		if n == 0 {
			break
		}
		var why []reason.Reason
		n, why = limit(n)
		notes = append(notes, why...)
	}
	return n, notes
}

// after returns what is left once n workers are made.
func (l left) after(size Size, n int) left {
	return left{room: l.room.after(size, n), create: l.create - n, booting: l.booting + n}
}

// byNames holds new workers back that would get the name of one that is being deleted.
func byNames(n, freed int) (int, []reason.Reason) {
	if freed <= 0 {
		return n, nil
	}
	return 0, []reason.Reason{reason.New(reason.NamesBeingFreed, reason.Count("workers", n), reason.Count("removed", freed))}
}

func byMaxCreate(n, left, most int) (int, []reason.Reason) {
	if n <= left {
		return n, nil
	}
	return left, []reason.Reason{reason.New(reason.AtMaxCreate, reason.Count("left_out", n-left), reason.Count("workers", n), reason.Count("max_create", most))}
}

func byMaxInFlight(n, booting, most int) (int, []reason.Reason) {
	room := max(0, most-booting)
	if n <= room {
		return n, nil
	}
	return room, []reason.Reason{reason.New(reason.AtMaxInFlight, reason.Count("left_out", n-room), reason.Count("workers", n),
		reason.Count("booting", booting), reason.Count("max_in_flight", most))}
}
