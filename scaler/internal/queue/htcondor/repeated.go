package htcondor

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// repeated is an ad that comes many times, but for what is in own: it is read
// once. A note that was taken of it the first time holds for all.
type repeated struct {
	ad      ad       // as the first one was; see as
	numbers []string // names of the attributes that are numbers, as they are printed
	note    any
}

// own is in what otherwise equal job ads differ: text as it is printed, without
// quotes, nil where there is none, and numbers. It is valid until the next ad is
// read.
type own struct {
	jobCount, jobIDs, cluster, proc, queued, host []byte
	id                                            []byte // of the schedd's answer; of no use
	requirements                                  []byte // with its escapes
	numbers                                       []float64
}

// as returns the whole ad that o is the own part of; it is valid until the next
// one is asked for.
func (a *repeated) as(o *own) ad {
	for i, name := range a.numbers {
		a.ad[name] = o.numbers[i]
	}
	if o.requirements != nil {
		a.ad["requirements"] = newValues().expressed(text(o.requirements))
	}
	return a.ad
}

// tellsKind tells numbers by which an ad is another one.
func tellsKind(name []byte) bool {
	switch string(name) {
	case "JobStatus", "JobUniverse", "DeferralTime":
		return true
	}
	return false
}

// field returns where an attribute of that name goes, or nil.
func (o *own) field(name []byte) *[]byte {
	switch string(name) {
	case "JobCount":
		return &o.jobCount
	case "JobIds":
		return &o.jobIDs
	case "ClusterId":
		return &o.cluster
	case "ProcId":
		return &o.proc
	case "QDate":
		return &o.queued
	case "RemoteHost":
		return &o.host
	case "Id":
		return &o.id
	case "Requirements":
		return &o.requirements
	}
	return nil
}

// jobs returns how many jobs the ad stands for.
func (o *own) jobs() (int, error) {
	if o.jobCount == nil {
		return 1, nil
	}
	n, err := strconv.Atoi(string(o.jobCount))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("read a group of jobs: its number is %q", o.jobCount)
	}
	return n, nil
}

// first returns the ID of the first of the jobs, which the schedd writes as in
// "6.0 ... 6.2".
func (o *own) first() string {
	if o.jobIDs == nil {
		return string(o.cluster) + "." + string(o.proc)
	}
	first, _, _ := bytes.Cut(o.jobIDs, []byte(" "))
	return string(first)
}

// since returns when they were queued; zero is not known.
func (o *own) since() time.Time {
	n, whole := wholeNumber(o.queued)
	if !whole || n == 0 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0)
}

// maxRepeated bounds how many different ads are remembered.
const maxRepeated = 5000

// decodeRepeated reads the JSON array of ads that condor_q prints, like decode.
// It costs a tenth: of an ad like one that was seen before, only its own part is
// looked at.
func decodeRepeated(r io.Reader, each func(a *repeated, o *own) error) error {
	s, err := newSplitter(r)
	if s == nil || err != nil {
		return err
	}
	d := repeats{s: s, values: newValues(), seen: map[string]*repeated{}}
	for first := true; ; first = false {
		more, err := s.object(first)
		if err != nil || !more {
			return err
		}
		a, err := d.read()
		if err != nil {
			return err
		}
		if err := each(a, &d.own); err != nil {
			return err
		}
	}
}

type repeats struct {
	s         *splitter
	values    *values
	seen      map[string]*repeated // by what is printed of them, but for own
	signature []byte
	own       own
}

// read takes the ad that the splitter is at apart.
func (d *repeats) read() (*repeated, error) {
	d.own = own{numbers: d.own.numbers[:0]}
	d.signature = d.signature[:0]
	for _, f := range d.s.fields {
		name, value := d.s.name(f), d.s.value(f)
		to := d.own.field(name)
		d.signature = append(d.signature, name...)
		switch {
		case to == &d.own.requirements:
			if inner, ok := inQuotes(value); ok {
				*to = inner
				d.signature = append(d.signature, '!', '\n')
				continue
			}
		case to != nil:
			*to = bytes.Trim(value, `"`)
			d.signature = d.signature[:len(d.signature)-len(name)]
			continue
		case !tellsKind(name):
			if n, ok := plainNumber(value); ok {
				d.own.numbers = append(d.own.numbers, n)
				d.signature = append(d.signature, '#', '\n')
				continue
			}
		}
		d.signature = append(append(append(d.signature, ':'), value...), '\n')
	}
	a := d.seen[string(d.signature)]
	if a == nil || d.s.odd {
		return d.fresh()
	}
	return a, nil
}

// fresh reads the ad in full. What is not JSON shows here, before it is
// remembered.
func (d *repeats) fresh() (*repeated, error) {
	all, err := d.values.strict(d.s.raw)
	if err != nil {
		return nil, err
	}
	a := &repeated{ad: all}
	for _, f := range d.s.fields {
		name := d.s.name(f)
		if d.own.field(name) != nil || tellsKind(name) {
			continue
		}
		if _, ok := plainNumber(d.s.value(f)); ok {
			a.numbers = append(a.numbers, strings.ToLower(string(name)))
		}
	}
	if len(d.seen) < maxRepeated && !d.s.odd {
		d.seen[string(d.signature)] = a
	}
	return a, nil
}

// inQuotes takes the quotes off a text.
func inQuotes(value []byte) ([]byte, bool) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return nil, false
	}
	return value[1 : len(value)-1], true
}
