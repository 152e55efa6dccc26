package slurm

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/hostlist"
)

// partition is what the reader needs of a partition.
type partition struct {
	name      string
	all       bool     // it has all nodes, also those to come
	sets      []string // names of its sets of nodes
	empty     bool     // it has neither nodes nor placeholders
	starts    bool     // it starts jobs
	maxTime   time.Duration
	maxNodes  int // for each job; 0: any number
	exclusive bool
	memory    bool // memory is given out to jobs
}

var partitionKeys = keys("PartitionName", "NodeSets", "MaxTime", "MaxNodes", "OverSubscribe", "SelectTypeParameters", "State", "TotalNodes")

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
		empty:     v["TotalNodes"] == "0",
		starts:    v["State"] == "UP" || v["State"] == "DRAIN",
		exclusive: v["OverSubscribe"] == "EXCLUSIVE",
		memory:    s.memory,
	}
	if own := v["SelectTypeParameters"]; own != "" && own != "NONE" {
		p.memory = givesMemory(own)
	}
	if sets := v["NodeSets"]; sets != "" {
		p.sets = strings.Split(sets, ",")
	}
	p.all = p.name == allGroups || slices.Contains(p.sets, allNodes)
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
	nodes      string // list of names
	all        bool   // it has all nodes, also those to come
	partition  string // it has all nodes of a partition, also those to come; ""
}

var reservationKeys = keys("ReservationName", "StartTime", "EndTime", "Nodes", "Flags", "PartitionName")

// reservations lists the reservations.
func (r *Reader) reservations(ctx context.Context, left leave) ([]reservation, error) {
	var out []reservation
	err := r.scontrol(ctx, func(in io.Reader) error {
		return lines(in, "ReservationName", "No reservations in the system", func(line string) {
			v := values(line, reservationKeys)
			flags := strings.Split(v["Flags"], ",")
			o := reservation{
				name: v["ReservationName"], start: moment(v["StartTime"]), end: moment(v["EndTime"]), nodes: v["Nodes"],
				all: slices.Contains(flags, "ALL_NODES"),
			}
			if slices.Contains(flags, "PART_NODES") {
				o.partition = v["PartitionName"]
			}
			out = append(out, o)
		}, left)
	}, "show", "reservations")
	return out, err
}

// keeps reports whether a reservation keeps all new workers of partitions from a job that
// would start now and last that long.
func (o reservation) keeps(partitions []string, lasts time.Duration, now time.Time) bool {
	foreign := func(name string) bool { return o.partition == "" || name != o.partition }
	if !o.all && slices.ContainsFunc(partitions, foreign) {
		return false
	}
	return now.Before(o.end) && lasts >= o.start.Sub(now)
}

// reserved returns the names of the nodes that are kept now.
func reserved(all []reservation, now time.Time, left leave) map[string]bool {
	out := map[string]bool{}
	for _, o := range all {
		if o.nodes == "" || now.Before(o.start) || !now.Before(o.end) {
			continue
		}
		names, err := hostlist.Expand(o.nodes, mostHosts)
		if err != nil {
			left(text.Line(o.name, 60), "its list of nodes: "+err.Error())
		}
		for _, name := range names {
			out[strings.ToLower(name)] = true
		}
	}
	return out
}
