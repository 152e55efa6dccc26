package openstacktest

import (
	"math"
	"time"
)

// Pace is how long a Nova under load takes. The zero value takes no time beside
// Options.Latency, and builds and deletes any number of servers side by side.
type Pace struct {
	Create time.Duration // of a POST of servers, before it is carried out
	Delete time.Duration // of a DELETE of a server, before it is carried out

	// A list of servers in detail takes List and PerServer for each server that it
	// shows. It is read at the beginning of that time, so what it shows is that old.
	List, PerServer time.Duration

	Builds  int // servers that are built side by side, each in BuildDelay; 0: all
	Deletes int // servers that are deleted side by side, each in DeleteDelay; 0: all

	// Spread is by how much BuildDelay differs from server to server, up and down. It
	// follows the order of creation, so that two runs are alike.
	Spread time.Duration
}

// before returns how long a call takes until it is carried out.
func (p Pace) before(q *request) time.Duration {
	switch q.pattern {
	case "POST /compute/servers":
		return p.Create
	case "DELETE /compute/servers/{id}":
		return p.Delete
	}
	return 0
}

// after returns how long the answer of a call takes once the state has been read.
func (p Pace) after(q *request) time.Duration {
	if q.pattern != "GET /compute/servers/detail" {
		return 0
	}
	return p.List + time.Duration(q.listed)*p.PerServer
}

// differs returns what the n-th server's build takes more or less than others.
func (p Pace) differs(n int) time.Duration {
	_, part := math.Modf(float64(n) * math.Phi) // spread evenly over 0 to 1
	return time.Duration((2*part - 1) * float64(p.Spread))
}

// lanes carry out jobs side by side; each holds the time at which it is free.
type lanes []time.Time

// begin returns when a job of that length begins which is ready now. At most that
// many jobs run at one time; 0 is no limit.
func (l *lanes) begin(now time.Time, length time.Duration, most int) time.Time {
	if most <= 0 {
		return now
	}
	if len(*l) < most {
		*l = append(*l, now.Add(length))
		return now
	}
	first := 0
	for i, free := range *l {
		if free.Before((*l)[first]) {
			first = i
		}
	}
	start := now
	if free := (*l)[first]; free.After(now) {
		start = free
	}
	(*l)[first] = start.Add(length)
	return start
}
