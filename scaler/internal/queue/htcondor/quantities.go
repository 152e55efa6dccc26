package htcondor

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

// quantities are the four requests of a job: CPUs, memory, disk and GPUs.
type quantities struct {
	each [4]quantity
	used []int // numbers of the template that the expressions among them name
	err  error // they name too much
	ad   *classad.Scope
}

// quantity is one request: a number of the template, or another value of the ad.
type quantity struct {
	name   string // in lower case
	people string // as people write it
	number int    // its place among the numbers of the template; -1: it is not there
}

func newQuantities(t *adTemplate) quantities {
	q := quantities{ad: t.ad.scope()}
	var named []classad.Reference
	for i, people := range []string{"RequestCpus", "RequestMemory", "RequestDisk", "RequestGPUs"} {
		name := strings.ToLower(people)
		q.each[i] = quantity{name, people, slices.Index(t.numbers, name)}
		if e, ok := t.ad[name].(*classad.Expression); ok {
			names, err := e.Names(t.ad)
			q.err = cmp.Or(q.err, err)
			named = append(named, names...)
		}
	}
	of := map[string]bool{}
	for _, a := range named {
		if a.Scope != classad.OfMachine {
			of[a.Name] = true
		}
	}
	for i, name := range t.numbers {
		if of[name] {
			q.used = append(q.used, i)
		}
	}
	return q
}

// of evaluates the requests of a job. Memory is in MiB, disk in KiB. A job without a
// request for CPUs gets one.
func (q quantities) of(t *adTemplate, d *delta) (queue.Shape, error) {
	for _, i := range q.used {
		if v := d.numbers[i].Value(); t.ad[t.numbers[i]] != v {
			t.ad[t.numbers[i]] = v
		}
	}
	if q.err != nil {
		return queue.Shape{}, q.err
	}
	var n [4]int
	q.ad.Reset()
	for i, each := range q.each {
		var err error
		said := true
		if each.number >= 0 {
			n[i], err = roundedUp(each.people, d.numbers[each.number].N)
		} else {
			n[i], said, err = numberIn(q.ad, each.name, each.people)
		}
		if err != nil {
			return queue.Shape{}, err
		}
		if i == 0 && !said {
			n[i] = 1
		}
	}
	return queue.Shape{Cpus: max(n[0], 1), MemoryMiB: max(n[1], 0), DiskKiB: max(n[2], 0), GPUs: max(n[3], 0)}, nil
}
