package slurm

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"
)

// partition is what the reader needs of a partition.
type partition struct {
	name      string
	all       bool   // it has all nodes, also those to come
	nodeSet   string // the only set of nodes by a feature that it has; "": it has others, or several
	starts    bool   // it starts jobs
	maxTime   time.Duration
	maxNodes  int // for each job; 0: any number
	exclusive bool
	memory    bool // memory is given out to jobs
}

var partitionKeys = keys("PartitionName", "Nodes", "NodeSets", "MaxTime", "MaxNodes", "OverSubscribe", "SelectTypeParameters", "State")

func keys(names ...string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[n] = true
	}
	return out
}

// partitions lists the partitions by their names.
func (r *Reader) partitions(ctx context.Context, s settled, left leave) (map[string]partition, error) {
	out := map[string]partition{}
	err := r.scontrol(ctx, func(in io.Reader) error {
		return lines(in, "PartitionName", "No partitions in the system", func(line string) {
			p := partitionOf(values(line, partitionKeys), s)
			out[p.name] = p
		}, left)
	}, "show", "partitions")
	return out, err
}

func partitionOf(v map[string]string, s settled) partition {
	p := partition{
		name: v["PartitionName"], maxTime: limit(v["MaxTime"]), maxNodes: whole(v["MaxNodes"]),
		starts:    v["State"] == "UP" || v["State"] == "DRAIN",
		exclusive: v["OverSubscribe"] == "EXCLUSIVE",
		memory:    s.memory,
	}
	if select_ := v["SelectTypeParameters"]; select_ != "" && select_ != "NONE" {
		p.memory = givesMemory(select_)
	}
	sets := v["NodeSets"]
	p.all = v["Nodes"] == "ALL" || sets == "ALL" || p.name == allGroups
	if !p.all && !strings.Contains(sets, ",") {
		p.nodeSet = sets
	}
	return p
}

// givesMemory reports whether a SelectTypeParameters makes memory a resource that jobs
// divide among them.
func givesMemory(parameters string) bool {
	return strings.Contains(strings.ToUpper(parameters), "MEMORY")
}

// reservation is a time at which a set of nodes is kept from most jobs.
type reservation struct {
	name       string
	start, end time.Time
	all        bool   // of all nodes, also those to come
	partition  string // or of all of a partition; ""
}

var reservationKeys = keys("ReservationName", "StartTime", "EndTime", "Flags", "PartitionName")

// reservations lists the reservations that keep new workers as well.
func (r *Reader) reservations(ctx context.Context, left leave) ([]reservation, error) {
	var out []reservation
	err := r.scontrol(ctx, func(in io.Reader) error {
		return lines(in, "ReservationName", "No reservations in the system", func(line string) {
			v := values(line, reservationKeys)
			flags := strings.Split(v["Flags"], ",")
			o := reservation{name: v["ReservationName"], start: moment(v["StartTime"]), end: moment(v["EndTime"]), all: slices.Contains(flags, "ALL_NODES")}
			if slices.Contains(flags, "PART_NODES") {
				o.partition = v["PartitionName"]
			}
			if o.all || o.partition != "" {
				out = append(out, o)
			}
		}, left)
	}, "show", "reservations")
	return out, err
}

// keeps reports whether a reservation keeps all new workers of partitions from a job that
// would start now and last that long.
func (o reservation) keeps(partitions []string, lasts time.Duration, now time.Time) bool {
	if !o.all && slices.ContainsFunc(partitions, func(p string) bool { return p != o.partition }) {
		return false
	}
	return now.Before(o.end) && (lasts >= o.start.Sub(now))
}
