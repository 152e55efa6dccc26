package program

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/schema"
)

// groups are the job groups of a snapshot, as they are read.
type groups struct {
	list  []queue.JobGroup
	at    map[string]entry // by key
	lefts []string
}

// entry is where a name occurred first.
type entry struct {
	path  string
	index int
	given bool // the key is the program's own
}

// add reads one job group. One that is not understood is left out, if it can be named.
func (g *groups) add(path string, raw json.RawMessage) error {
	var read queue.JobGroup
	err := checked(path, schema.JobGroup, raw, &read)
	if err == nil {
		err = g.take(path, raw, read)
	}
	if err == nil {
		return nil
	}
	var named struct {
		Key   json.RawMessage `json:"key"`
		First json.RawMessage `json:"first"`
	}
	_ = json.Unmarshal(raw, &named) // no object has no name
	if nameIn(named.First) == "" && nameIn(named.Key) == "" || len(g.lefts) == mostLeftOut {
		return err
	}
	g.lefts = append(g.lefts, err.Error())
	return nil
}

// take takes a job group that has the right form.
func (g *groups) take(path string, raw json.RawMessage, read queue.JobGroup) error {
	var said struct {
		Takes *queue.Shape `json:"takes"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return err
	}
	if said.Takes == nil {
		read.Takes = read.Asks
	}
	if what := read.Takes.Lacking(read.Asks); what != "" {
		return &schema.PathError{Path: path + ".takes", Why: "it is less than asks in " + what}
	}
	if read.Tasks > 0 && read.Nodes > read.Tasks {
		return &schema.PathError{Path: path + ".nodes", Why: "there are more nodes than tasks"}
	}
	if r := read.Requires; r != nil && len(r.Clauses) == 0 {
		read.Requires = nil
	}
	read.Oldest = read.Oldest.UTC()
	given := read.Key != ""
	if !given {
		read.Key = keyOf(read)
	}
	if g.at == nil {
		g.at = map[string]entry{}
	}
	before, twice := g.at[read.Key]
	switch {
	case !twice:
		g.at[read.Key] = entry{path, len(g.list), given}
		g.list = append(g.list, read)
	case given || before.given:
		return &schema.PathError{Path: path + ".key", Why: "it is that of " + before.path + ", too"}
	default:
		same := &g.list[before.index]
		same.Count = min(same.Count+read.Count, queue.MostJobs)
		if same.Oldest.IsZero() || !read.Oldest.IsZero() && read.Oldest.Before(same.Oldest) {
			same.Oldest = read.Oldest
		}
	}
	return nil
}

// keyOf returns the key of a job group that has none: a sum of what its jobs ask for.
func keyOf(g queue.JobGroup) string {
	g.Count, g.First, g.Oldest = 0, "", time.Time{}
	raw, err := json.Marshal(g)
	if err != nil {
		panic(err) // it was read from JSON
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12])
}

func (g *groups) all() ([]queue.JobGroup, []string) { return g.list, g.lefts }

// workers are the workers of a snapshot, as they are read.
type workers struct {
	list    []queue.Worker
	at      map[string]string // by name: where it occurred first
	doubted []string          // names of workers that are not understood
	lefts   []string
}

// add reads one worker. One that is not understood is left out, if it can be named.
func (w *workers) add(path string, raw json.RawMessage) error {
	var read queue.Worker
	err := checked(path, schema.Worker, raw, &read)
	if err == nil {
		err = w.take(path, raw, read)
	}
	if err == nil {
		return nil
	}
	var named struct {
		Name json.RawMessage `json:"name"`
	}
	_ = json.Unmarshal(raw, &named) // no object has no name
	name, _, _ := strings.Cut(strings.ToLower(nameIn(named.Name)), ".")
	if name == "" {
		return err
	}
	w.lefts = append(w.lefts, err.Error())
	if !slices.Contains(w.doubted, name) {
		w.doubted = append(w.doubted, name)
	}
	if len(w.doubted) > queue.MostClaims {
		return err
	}
	return nil
}

// take takes a worker that has the right form.
func (w *workers) take(path string, raw json.RawMessage, read queue.Worker) error {
	if strings.Contains(read.Name, ".") { // it would be a stranger, and the node of that name lost
		return &schema.PathError{Path: path + ".name", Why: "it has a domain; write the node name alone, as the cluster has it"}
	}
	if before, twice := w.at[read.Name]; twice {
		return &schema.PathError{Path: path + ".name", Why: "it is that of " + before + ", too"}
	}
	if w.at == nil {
		w.at = map[string]string{}
	}
	w.at[read.Name] = path
	if what := read.Total.Lacking(read.Free); what != "" {
		return &schema.PathError{Path: path + ".free", Why: "it is more than total in " + what}
	}
	var said struct {
		Slots *int `json:"slots"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return err
	}
	if said.Slots == nil || *said.Slots == 0 {
		read.Slots = 1
	}
	read.IdleSince, read.HeardAt, read.Started = read.IdleSince.UTC(), read.HeardAt.UTC(), read.Started.UTC()
	w.list = append(w.list, read)
	return nil
}

// all returns the workers, the names of those that are not understood, and why they are
// not. Of a name that occurs twice no entry counts.
func (w *workers) all() (list []queue.Worker, doubted, lefts []string) {
	list = slices.DeleteFunc(w.list, func(x queue.Worker) bool { return slices.Contains(w.doubted, x.Name) })
	return list, w.doubted, w.lefts
}

// checked reads an entry that the schema allows.
func checked(path, part string, raw json.RawMessage, to any) error {
	if err := schema.Check(part, raw); err != nil {
		return err.Under(path)
	}
	if err := json.Unmarshal(raw, to); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return (&schema.PathError{Path: wrong.Field, Why: "got " + wrong.Value + ", want a whole number"}).Under(path)
		}
		return &schema.PathError{Path: path, Why: text.Line(err.Error(), 200)}
	}
	return nil
}

var namePattern = regexp.MustCompile(`^"[A-Za-z0-9][-A-Za-z0-9._+:/@]{0,254}"$`)

// nameIn returns the name in a JSON text; "" if it is no usual one.
func nameIn(raw json.RawMessage) string {
	if raw = bytes.TrimSpace(raw); !namePattern.Match(raw) {
		return ""
	}
	return string(raw[1 : len(raw)-1])
}
