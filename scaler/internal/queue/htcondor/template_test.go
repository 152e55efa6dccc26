package htcondor

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

// none fails the test for an ad that is left out.
func none(t *testing.T) leave {
	return func(label, why string) { t.Errorf("the ad of %s is left out: %s", label, why) }
}

// Both ways of reading see the same, wherever the output is cut into pieces.
func TestAdsOfATemplateAreReadLikeOthers(t *testing.T) {
	for _, name := range []string{"condor_q-grouped.json", "condor_q-full.json"} {
		text := read(t, name)
		var want []ad
		if err := decode(strings.NewReader(text), func(a ad) error { want = append(want, a); return nil }, none(t)); err != nil {
			t.Fatal(err)
		}
		i := 0
		err := decodeTemplates(iotest.OneByteReader(strings.NewReader(text)), func(a *adTemplate, o *delta) error {
			w := want[i]
			i++
			got := a.with(o)
			for _, m := range []ad{got, w} {
				for k, v := range m {
					if e, ok := v.(*classad.Expression); ok {
						m[k] = e.Text()
					}
				}
			}
			same := func(m ad) ad {
				m = maps.Clone(m)
				maps.DeleteFunc(m, func(k string, _ any) bool {
					return k == "id" || k == "jobids" || k == "jobcount" || k == "clusterid" || k == "procid" || k == "qdate" || k == "remotehost"
				})
				return m
			}
			if !reflect.DeepEqual(same(got), same(w)) {
				t.Errorf("%s, ad %d:\n%v\nwant\n%v", name, i, got, w)
			}
			if got, want := o.since(time.Now()), seconds(w, "QDate"); !got.Equal(want) {
				t.Errorf("%s, ad %d: queued %s, want %s", name, i, got, want)
			}
			if got, want := string(o.host), w.text("RemoteHost"); got != want {
				t.Errorf("%s, ad %d: on %q, want %q", name, i, got, want)
			}
			if n, err := o.jobs(); err != nil || w["jobcount"] != nil && n != w.integer("JobCount") {
				t.Errorf("%s, ad %d: %d jobs, %v", name, i, n, err)
			}
			return nil
		}, none(t))
		if err != nil || i != len(want) {
			t.Errorf("%s: %d of %d ads, %v", name, i, len(want), err)
		}
	}
}

func TestWhatIsAlikeIsReadOnce(t *testing.T) {
	var notes []any
	err := decodeTemplates(strings.NewReader(`[{"JobCount":2,"A":"x,}]\"","JobIds":"1.0 1.1"},{ "JobCount" : 3 , "A" : "x,}]\"" },{"A":["x",{"b":1}],"JobCount":4}]`), func(a *adTemplate, o *delta) error {
		notes = append(notes, a.cached)
		a.cached = o.first() + "/" + string(o.jobCount)
		return nil
	}, none(t))
	if err != nil || !reflect.DeepEqual(notes, []any{nil, "1.0/2", nil}) {
		t.Errorf("notes %v, %v", notes, err)
	}
}

func TestAdsOfATemplateThatAreBroken(t *testing.T) {
	for text, want := range map[string]string{
		``:                                   "",
		" \n":                                "",
		`[]`:                                 "",
		`[{}]`:                               "",
		`[`:                                  "ends too early",
		`[{"A":1}`:                           "ends too early",
		`[{"A":1},`:                          "ends too early",
		`[{"A":"`:                            "ends too early",
		`[{"A":1} {"A":1}]`:                  "no comma",
		`[,{"A":1}]`:                         "an ad was expected",
		`[1]`:                                "an ad was expected",
		`[{"A":1},{"A":nil}]`:                "invalid character",
		`[{"JobCount":"many"}]`:              `its number is "many"`,
		`[{"JobCount":0}]`:                   `its number is "0"`,
		`[{"JobCount":9223372036854775807}]`: `its number is "9223372036854775807"`,
		`[{"JobCount":1,"A"}]`:               "invalid character",
		"-- Failed to fetch ads\nx":          `is not JSON: "-- Failed to fetch ads"`,
	} {
		left := ""
		err := decodeTemplates(strings.NewReader(text), func(_ *adTemplate, o *delta) error {
			_, err := o.jobs()
			return err
		}, func(_, why string) { left = why })
		if left != "" && err == nil {
			err = errors.New(left)
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzDecodeTemplates(f *testing.F) {
	f.Add(`[{"A":"x\"","JobCount":2},{"A":{"b":[1]}}]`)
	f.Add(`[{"A"`)
	f.Add(`[{":{`)
	f.Add(`[{"A" : -1.5e3 , "B":"\\u00e9/Expr(x)/","C":null,"D":true},{"a":1,"A":2}]`)
	f.Add(`[{"A":1 "B":2},{"A"},{,},{"A":1,}]`)
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		err := decodeTemplates(strings.NewReader(text), func(*adTemplate, *delta) error { n++; return nil }, func(string, string) {})
		var got []ad
		errOne := decode(iotest.OneByteReader(strings.NewReader(text)), func(a ad) error { got = append(got, a); return nil }, func(string, string) {})
		var want []map[string]any
		if unmarshal([]byte(text), &want) != nil || slices.ContainsFunc(want, func(a map[string]any) bool { return a == nil }) || want == nil {
			return
		}
		if err != nil || errOne != nil || n != len(want) || len(got) != len(want) {
			t.Fatalf("%q: %d and %d ads, want %d: %v, %v", text, n, len(got), len(want), err, errOne)
		}
		for i, a := range want {
			for name, v := range a {
				if lower := strings.ToLower(name); len(got[i]) == len(a) && lower == name && utf8.ValidString(text) {
					if e, ok := got[i][lower].(*classad.Expression); ok {
						got[i][lower] = "/Expr(" + e.Text() + ")/"
						if s, _ := v.(string); strings.TrimSuffix(s, ")/") == strings.TrimSuffix("/Expr("+e.Text(), ")/") {
							continue
						}
					}
					if n, ok := v.(json.Number); ok {
						v, _ = classad.ParseNumber(n.String())
					}
					if !reflect.DeepEqual(got[i][lower], v) {
						t.Errorf("%q: %s is %v, want %v", text, name, got[i][lower], v)
					}
				}
			}
		}
	})
}
