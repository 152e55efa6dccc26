package loadleveler

import (
	"bytes"
	"context"
	"io"
	"strconv"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// class is what llclass -l says of a class, as far as it keeps steps from running.
type class struct {
	known         bool
	maxJobs       int // steps that run at once; -1: any number
	maxNodes      int // machines of a step; -1: any number
	resources     string
	nodeResources string
	most          queue.Shape // resources of a task at most; 0: any amount
	mostOfNode    queue.Shape // resources of a machine at most
}

// classes reads the classes. A record begins with "=============== Class name
// ===============", and has a label, a colon and a value in each line.
func (r *Reader) classes(ctx context.Context, left leave) (map[string]class, error) {
	out := map[string]class{}
	var o odd
	err := r.run(ctx, "llclass", []string{"-l"}, func(in io.Reader) error {
		name := ""
		err := lines(in, func(line []byte, _ bool) {
			if f := bytes.Fields(line); bytes.HasPrefix(line, []byte("=====")) {
				name = ""
				switch {
				case len(f) != 4 || string(f[1]) != "Class":
					o.note(line) // of several clusters, the name of one
				case len(out) >= mostClasses:
					left(string(f[2][:min(len(f[2]), 60)]), "there are too many")
				default:
					name = string(f[2])
					out[name] = class{known: true, maxJobs: -1, maxNodes: -1}
				}
				return
			}
			label, value, is := bytes.Cut(line, []byte(":"))
			if !is || name == "" {
				o.note(line)
				return
			}
			c := out[name]
			c.set(string(bytes.TrimSpace(label)), string(bytes.TrimSpace(value)))
			out[name] = c
		})
		if err == nil && len(out) == 0 {
			return o.err("llclass -l")
		}
		return err
	})
	return out, err
}

// mostClasses bounds the classes of a cluster.
const mostClasses = 10_000

func (c *class) set(label, value string) {
	switch label {
	case "Max_node":
		c.maxNodes = limit(value)
	case "Maxjobs":
		c.maxJobs = limit(value)
	case "Resource_requirement":
		c.resources = value
	case "Node Resource Req":
		c.nodeResources = value
	case "Max Resources":
		c.most, _ = amountsOf(resourcesIn(value))
	case "Max Node Resources":
		c.mostOfNode, _ = amountsOf(resourcesIn(value))
	}
}

// limit reads a limit; -1 and what is no number are none.
func limit(text string) int {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return int(min(n, mostAmount))
}

// refuses returns why a class never starts a step; "" if it does.
func (c class) refuses(d demanded, task queue.Shape) string {
	exceeds := func(s, most queue.Shape) bool {
		return most.Cpus > 0 && s.Cpus > most.Cpus || most.MemoryMiB > 0 && s.MemoryMiB > most.MemoryMiB
	}
	switch {
	case c.maxNodes >= 0 && d.nodes > c.maxNodes:
		return "it asks for more machines than its class allows (Max_node)"
	case exceeds(task, c.most):
		return "it asks for more than its class allows (Max Resources)"
	case exceeds(d.asks, c.mostOfNode):
		return "it asks for more of a machine than its class allows (Max Node Resources)"
	}
	return ""
}
