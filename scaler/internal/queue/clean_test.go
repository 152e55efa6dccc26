package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

const hostile = "\x1b[2J\x1b]0;owned\x07 \u202eevil\u2028\u009b \xff\n"

// fill writes a text into all texts of a value, and adds elements to lists and maps.
func fill(v reflect.Value, words string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(words)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), words)
	case reflect.Slice:
		n := 3
		if v.Type().Elem().Kind() != reflect.String || len(words) < 1000 && v.Type() == reflect.TypeFor[[]string]() {
			n = 120
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range v.Len() {
			fill(v.Index(i), words+fmt.Sprint(i%250))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range 3 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, words+fmt.Sprint(i))
			fill(value, words)
			v.SetMapIndex(key, value)
		}
	case reflect.Interface:
		v.Set(reflect.ValueOf(words))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[queue.Traits]() {
			return // not foreign
		}
		for i := range v.NumField() {
			fill(v.Field(i), words)
		}
	case reflect.Int:
		v.SetInt(1)
	}
}

// check looks at all texts of a value.
func check(t *testing.T, where string, v reflect.Value, most int) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		for _, r := range v.String() {
			if !text.Shown(r) || r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r == 0x2028 {
				t.Errorf("%s has %q", where, v.String())
				return
			}
		}
		if v.Len() > most {
			t.Errorf("%s has %d bytes", where, v.Len())
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			check(t, where, v.Elem(), most)
		}
	case reflect.Slice:
		for i := range v.Len() {
			check(t, where+"[]", v.Index(i), most)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			check(t, where+" key", k, most)
			check(t, where+"{}", v.MapIndex(k), most)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type() != reflect.TypeFor[time.Time]() {
				check(t, where+"."+v.Type().Field(i).Name, v.Field(i), most)
			}
		}
	}
}

type hostileReader struct{ words string }

func (h hostileReader) Read(context.Context) (queue.Snapshot, error) {
	var s queue.Snapshot
	fill(reflect.ValueOf(&s).Elem(), h.words)
	return s, nil
}

func (h hostileReader) Find(context.Context, string) (queue.Job, error) {
	var j queue.Job
	fill(reflect.ValueOf(&j).Elem(), h.words)
	return j, nil
}

// No text of a snapshot or a job keeps a character that a terminal obeys, whichever
// field it stands in; a field that is new is covered, too.
func TestSnapshotsAreClean(t *testing.T) {
	for _, words := range []string{hostile, strings.Repeat("x", 10_000), strings.Repeat(hostile, 300)} {
		r := queue.Cleaned(hostileReader{words})
		s, err := r.Read(t.Context())
		if err != nil || len(s.Jobs) != 120 || len(s.Workers) != 120 {
			t.Fatalf("%d jobs, %d workers, %v", len(s.Jobs), len(s.Workers), err)
		}
		jobs := s.Jobs
		s.Jobs = nil // clauses are bounded where they are read
		check(t, "snapshot", reflect.ValueOf(s), 4<<10)
		if len(s.Skipped) > 100 || len(s.Partial) > 100 || len(s.LeftOut) > 100 {
			t.Errorf("%d reasons, %d and %d notes", len(s.Skipped), len(s.Partial), len(s.LeftOut))
		}
		skipped := 0
		for _, k := range s.Skipped {
			skipped += k.Count
		}
		if skipped != 120 {
			t.Errorf("%d jobs are skipped", skipped)
		}
		check(t, "jobs", reflect.ValueOf(jobs), 10<<20)
		for i := range jobs {
			jobs[i].Requires = nil
		}
		check(t, "jobs", reflect.ValueOf(jobs), 1000)
		j, err := r.(queue.Finder).Find(t.Context(), "1.0")
		check(t, "job", reflect.ValueOf(j), 10<<20)
		if err != nil {
			t.Error(err)
		}
	}
}

// What is clean stays as it is, and shared requirements stay shared.
func TestCleanSnapshotsStay(t *testing.T) {
	shared := &queue.Requirement{Clauses: []string{`Site == "é  x"`}, Job: map[string]string{"a": `"b"`}}
	dirty := &queue.Requirement{Clauses: []string{"Site == \"\u202e\""}}
	want := queue.Snapshot{
		Jobs:   []queue.JobGroup{{Key: "k", Count: 2, First: "1.0", Requires: shared}, {Key: "l", Requires: shared}, {Requires: dirty}, {Requires: dirty}},
		OnNode: map[string]int{"w1": 2}, Workers: []queue.Worker{{Name: "w1", Attributes: queue.Attributes{"arch": "X86_64", "n": int64(3), "none": nil}}},
	}
	s, _ := queue.Cleaned(fixed{want}).Read(t.Context())
	if s.Jobs[0].Requires != shared || s.Jobs[2].Requires != s.Jobs[3].Requires || s.Jobs[2].Requires == dirty {
		t.Error("requirements are not shared as before")
	}
	want.Jobs, s.Jobs = want.Jobs[:2], s.Jobs[:2]
	if !reflect.DeepEqual(s, want) {
		t.Errorf("%+v, want %+v", s, want)
	}
	if _, is := queue.Cleaned(fixed{}).(queue.Finder); is {
		t.Error("a reader that can't find single jobs is said to")
	}
}

type fixed struct{ s queue.Snapshot }

func (f fixed) Read(context.Context) (queue.Snapshot, error) { return f.s, errors.New("kept") }

// FuzzCleaned cleans a snapshot that a program may have printed.
func FuzzCleaned(f *testing.F) {
	f.Add(`{"version":1,"jobs":[{"key":"\u001b","count":9223372036854775807,"asks":{"cpus":-1},"group":"\u202e","requires":{"clauses":["a\u2028b"],"job":{"\u009b":"x"},"not_judged":["\n"]}}],` +
		`"skipped":[{"why":"\u001b","count":-5}],"workers":[{"name":"\u200f","free":{"memory_mib":-7},"attributes":{"\u001b":"x","y":"\u001b"}}],"on_node":{"\u0007":1,"\u0008":2}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var s queue.Snapshot
		if json.Unmarshal([]byte(raw), &s) != nil {
			return
		}
		s, _ = queue.Cleaned(fixed{s}).Read(t.Context())
		s.Traits = queue.Traits{}
		check(t, "snapshot", reflect.ValueOf(s), len(raw)*3+1000)
		jobs, waiting := 0, s.Waiting()
		for _, g := range s.Jobs {
			if g.Count < 0 || g.Asks.Cpus < 0 || g.Takes.MemoryMiB < 0 {
				t.Errorf("%+v", g)
			}
			jobs += g.Count
		}
		if jobs != waiting || jobs < 0 {
			t.Errorf("%d jobs, %d", jobs, waiting)
		}
		once, err := json.Marshal(s)
		if err != nil {
			return // a time beyond the year 9999
		}
		again, _ := queue.Cleaned(fixed{s}).Read(t.Context())
		if twice, err := json.Marshal(again); err != nil || string(twice) != string(once) {
			t.Errorf("%s\nbecame\n%s, %v", once, twice, err)
		}
	})
}

// The keys of two kinds of jobs stay different, however long the name of their daemon is.
func TestKeysStayDifferent(t *testing.T) {
	daemon := strings.Repeat("d", 255) + "/"
	s := queue.Snapshot{Jobs: []queue.JobGroup{{Key: daemon + strings.Repeat("0", 32)}, {Key: daemon + strings.Repeat("1", 32)}}}
	got, _ := queue.Cleaned(fixed{s}).Read(t.Context())
	if got.Jobs[0].Key == got.Jobs[1].Key {
		t.Errorf("both have the key %q", got.Jobs[0].Key)
	}
}
