package cluster

import (
	"encoding/json"
	"reflect"
	"testing"
)

// Each row: the part "waits" of a report, and what is read of it. The rest of the report
// counts in any case.
func TestWaits(t *testing.T) {
	for _, row := range []struct {
		text string
		want Waits
	}{
		{`{"gpu":[12,["17.0","18.0"]],"big":[1,[]]}`, Waits{"gpu": {12, []string{"17.0", "18.0"}}, "big": {1, []string{}}}},
		{`{}`, nil},
		{`null`, nil},
		{`[]`, nil},
		{`"gpu"`, nil},
		{`{"gpu":12}`, nil},
		{`{"gpu":[12]}`, nil},
		{`{"gpu":[12,[],3]}`, nil},
		{`{"gpu":[1.5,[]],"big":["1",[]],"huge":[1e99,[]],"cpu":[2,["9"]]}`, Waits{"cpu": {2, []string{"9"}}}},
		{`{"gpu":[3,[1,2]],"big":[3,"17"],"cpu":[3,["7",{}]]}`, Waits{"gpu": {3, nil}, "big": {3, nil}, "cpu": {3, nil}}},
	} {
		var r Report
		if err := json.Unmarshal([]byte(`{"joined":2,"waits":`+row.text+`,"pending":1}`), &r); err != nil || r.Joined != 2 || r.Pending != 1 {
			t.Errorf("%s: %v, %+v", row.text, err, r)
		}
		if !reflect.DeepEqual(r.Waits, row.want) {
			t.Errorf("%s: %+v, want %+v", row.text, r.Waits, row.want)
		}
	}
}

func TestWaitsAreWrittenAsTheyAreRead(t *testing.T) {
	text, err := json.Marshal(Report{Waits: Waits{"gpu": {Count: 12, IDs: []string{"17"}}, "big": {Count: 1}}})
	if want := `{"generation":0,"joined":0,"pending":0,"waits":{"big":[1,[]],"gpu":[12,["17"]]}}`; err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
}

func TestReportsThatSayAsMuch(t *testing.T) {
	one := Report{Generation: 7, Sequence: 1, Joined: 2, Waits: Waits{"gpu": {Count: 1}}, WaitsUnknown: true}
	if other := (Report{Generation: 7, Sequence: 2, Joined: 2}); !other.SaysAsMuchAs(one) || !one.SaysAsMuchAs(other) {
		t.Error("a job that waits is progress of the distribution")
	}
	if other := (Report{Generation: 7, Sequence: 2, Joined: 3}); other.SaysAsMuchAs(one) {
		t.Error("a worker that has joined is none")
	}
}
