package htcondor

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

// adTemplate is the part shared by job ads that differ only in their delta. It is read
// once, and a value that is cached with it holds for all of these ads.
type adTemplate struct {
	ad      ad       // the first one; see with
	numbers []string // names of the attributes that are numbers, as they are printed
	cached  any
}

// delta is the part of a job ad that is not in its template: numbers, and text as it
// is printed, without quotes; nil where there is none. It is valid until the next ad is
// read.
type delta struct {
	jobCount, jobIDs, cluster, proc, queued, host []byte
	id                                            []byte // number of the group in the answer; not used
	requirements                                  []byte // with its escapes
	numbers                                       []classad.Number
}

// with returns the whole ad of a delta. It is valid until the next call.
func (t *adTemplate) with(d *delta) ad {
	for i, name := range t.numbers {
		t.ad[name] = d.numbers[i].Value()
	}
	if d.requirements != nil {
		t.ad["requirements"] = newValues().expressed(unquoted(d.requirements))
	}
	return t.ad
}

// isPartOfTemplate reports whether ads that differ in a number of that name have
// different templates.
func isPartOfTemplate(name []byte) bool {
	switch string(name) {
	case "JobStatus", "JobUniverse", "DeferralTime":
		return true
	}
	return false
}

// field returns where an attribute of that name goes, or nil.
func (d *delta) field(name []byte) *[]byte {
	switch string(name) {
	case "JobCount":
		return &d.jobCount
	case "JobIds":
		return &d.jobIDs
	case "ClusterId":
		return &d.cluster
	case "ProcId":
		return &d.proc
	case "QDate":
		return &d.queued
	case "RemoteHost":
		return &d.host
	case "Id":
		return &d.id
	case "Requirements":
		return &d.requirements
	}
	return nil
}

// mostJobs is more than a schedd holds.
const mostJobs = 100_000_000

// jobs returns how many jobs the ad stands for.
func (d *delta) jobs() (int, error) {
	if d.jobCount == nil {
		return 1, nil
	}
	n, err := strconv.Atoi(string(d.jobCount))
	if err != nil || n < 1 || n > mostJobs {
		return 0, fmt.Errorf("read a group of jobs: its number is %q", d.jobCount)
	}
	return n, nil
}

// first returns the ID of the first of the jobs, which the schedd writes as in
// "6.0 ... 6.2".
func (d *delta) first() string {
	if d.jobIDs == nil {
		return jobID(string(d.cluster) + "." + string(d.proc))
	}
	first, _, _ := bytes.Cut(d.jobIDs, []byte(" "))
	return jobID(string(first))
}

// jobID returns an ID for people: of a job whose ID can't be read, "0.0".
func jobID(text string) string {
	if !isJobID.MatchString(text) {
		return "0.0"
	}
	return text
}

var isJobID = regexp.MustCompile(`^[0-9]{1,10}[.][0-9]{1,10}$`)

// since returns when the jobs were queued; zero if that is not known. Users can write
// any time: one that is not over by now is not when they were queued.
func (d *delta) since(now time.Time) time.Time {
	n, ok := classad.PlainNumber(d.queued)
	if !ok || n.Real || n.N <= 0 {
		return time.Time{}
	}
	if at := time.Unix(int64(n.N), 0).UTC(); !at.After(now) {
		return at
	}
	return time.Time{}
}

// Bounds of the templates that are remembered: their number, and the bytes of their
// signatures.
const (
	maxTemplates   = 5000
	mostSignatures = 8 << 20
)

// decodeTemplates reads the JSON array of ads that condor_q prints, like decode. It
// costs a tenth: of an ad whose template is known, only the delta is looked at.
func decodeTemplates(r io.Reader, each func(t *adTemplate, d *delta) error, left leave) error {
	s, err := newSplitter(r)
	if s == nil || err != nil {
		return err
	}
	reader := templateReader{s: s, values: newValues(), seen: map[string]*adTemplate{}}
	for first := true; ; first = false {
		more, err := s.object(first)
		if err != nil || !more {
			return err
		}
		if s.leftOut != "" {
			left(s.label(), s.leftOut)
			continue
		}
		t, err := reader.read()
		if err == nil {
			err = each(t, &reader.delta)
		}
		if err != nil {
			left(s.label(), err.Error())
		}
	}
}

type templateReader struct {
	s         *splitter
	values    *values
	seen      map[string]*adTemplate // by the signature of their ads
	seenBytes int
	signature []byte // what is printed of an ad, without its delta
	delta     delta
}

// read separates the ad that the splitter is at into template and delta.
func (r *templateReader) read() (*adTemplate, error) {
	r.delta = delta{numbers: r.delta.numbers[:0]}
	r.signature = r.signature[:0]
	for _, f := range r.s.fields {
		r.field(r.s.name(f), r.s.value(f))
	}
	t := r.seen[string(r.signature)]
	if t == nil || r.s.irregular {
		return r.fresh()
	}
	return t, nil
}

// field adds an attribute to the delta or to the signature.
func (r *templateReader) field(name, value []byte) {
	to := r.delta.field(name)
	switch {
	case to == &r.delta.requirements:
		if inner, ok := inQuotes(value); ok {
			*to = inner
			r.signature = append(append(r.signature, name...), '!', '\n')
			return
		}
	case to != nil:
		*to = bytes.Trim(value, `"`)
		return
	case !isPartOfTemplate(name):
		if n, ok := classad.PlainNumber(value); ok {
			r.delta.numbers = append(r.delta.numbers, n)
			r.signature = append(append(r.signature, name...), '#', '\n')
			return
		}
	}
	r.signature = append(append(append(append(r.signature, name...), ':'), value...), '\n')
}

// fresh reads the ad in full. This finds what is not JSON, before the template is
// remembered.
func (r *templateReader) fresh() (*adTemplate, error) {
	all, err := r.values.strict(r.s.raw)
	if err != nil {
		return nil, err
	}
	t := &adTemplate{ad: all}
	for _, f := range r.s.fields {
		name := r.s.name(f)
		if r.delta.field(name) != nil || isPartOfTemplate(name) {
			continue
		}
		if _, ok := classad.PlainNumber(r.s.value(f)); ok {
			t.numbers = append(t.numbers, valid(strings.ToLower(string(name))))
		}
	}
	if len(r.seen) < maxTemplates && r.seenBytes < mostSignatures && !r.s.irregular {
		r.seenBytes += len(r.signature)
		r.seen[string(r.signature)] = t
	}
	return t, nil
}

// inQuotes returns the text between quotes; ok is false if there are none.
func inQuotes(value []byte) (inner []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return nil, false
	}
	return value[1 : len(value)-1], true
}
