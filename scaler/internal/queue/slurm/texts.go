package slurm

import (
	"crypto/sha256"
	"fmt"
)

// Bounds of the lists and constraints that users write into jobs and the reader keeps, in
// bytes. A snapshot is kept in memory and may be recorded, and each of any number of jobs
// can have a list of its own.
const (
	alwaysKept = 1 << 10 // of one list
	mostTexts  = 4 << 20 // of all lists that are longer
)

// notKept stands for a list that is not kept. No field of a record holds it.
const notKept = separator

var tooManyTexts = fmt.Sprintf("the long lists and constraints of all jobs exceed %d MiB", mostTexts>>20)

// texts are lists and constraints of jobs, each once: the jobs of one submission have the
// same.
type texts struct {
	same map[string]string
	long int // bytes of the long ones
}

// keep returns a text, or notKept.
func (t *texts) keep(text []byte) string {
	if known, is := t.same[string(text)]; is {
		return known
	}
	if len(text) > alwaysKept {
		if t.long+len(text) > mostTexts {
			return notKept
		}
		t.long += len(text)
	}
	if t.same == nil {
		t.same = map[string]string{}
	}
	kept := string(text)
	t.same[kept] = kept
	return kept
}

// exclusions are the lists of nodes that waiting jobs exclude.
type exclusions struct {
	lists  map[string]string // by the jobs' IDs
	listed map[string]bool   // IDs of all jobs that waited then
	texts  texts
}

// add takes the list of a job. Of a list that is too long it keeps enough to show that.
func (e *exclusions) add(id string, list []byte) {
	e.listed[id] = true
	if len(list) > 0 && string(list) != "(null)" {
		e.lists[id] = e.texts.keep(list[:min(len(list), longestHosts+1)])
	}
}

// listsOf returns what the user of a waiting job writes about workers.
func (l *jobList) listsOf(r record) lists {
	own := lists{features: r.text(fieldFeatures), required: r.text(fieldRequired), excluded: l.excluded.lists[string(r[fieldID])]}
	for _, list := range []*string{&own.features, &own.required} {
		if len(*list) > alwaysKept && len(*list) <= longestHosts {
			*list = l.texts.keep([]byte(*list))
		}
	}
	return own
}

// digest is a SHA-256 sum. What may be long is compared by it.
type digest [sha256.Size]byte
