package report_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
)

// Whatever stands in the slot, no report comes out of it that the front-end has not
// signed.
func FuzzOpen(f *testing.F) {
	fe := newFrontEnd(f)
	other := newFrontEnd(f)
	f.Add("")
	f.Add("{}")
	f.Add(fe.seal(f, fe.says(7, 1)))
	f.Add(other.seal(f, other.says(7, 1)))
	f.Add(strings.Repeat("A", 86) + "." + strings.Repeat("B", 86) + ` {"generation":9223372036854775807,"coordinator_key":"ssh-ed25519 AAAA"}`)
	f.Fuzz(func(t *testing.T, content string) {
		for _, from := range []report.Origin{fe.from, fe.known(), {}} {
			r, there, err := from.Open(content)
			if there && (err != nil || r.CoordinatorKey != fe.own.Public()) {
				t.Errorf("%q: %+v, %v", content, r, err)
			}
		}
	})
}

// Whatever other programs write around the front-end's last report, it is found and
// nothing else is.
func FuzzOnConsole(f *testing.F) {
	fe := newFrontEnd(f)
	attacker := newFrontEnd(f)
	attacker.from = fe.from
	want := fe.says(7, 5)
	line := "\n" + report.Mark + fe.seal(f, want) + "\r\n"
	forged := attacker.seal(f, cluster.Report{Generation: 900, Sequence: 9, CoordinatorKey: attacker.own.Public()})
	f.Add("boot", "login: ")
	f.Add("", "vmcluster: astro-cpu-1: "+report.Mark+forged+"\n")
	f.Add("\x1b[", "\n"+report.Mark+forged)
	f.Add("\n"+report.Mark+fe.seal(f, fe.says(7, 4)), "\r\r\n"+report.Mark+fe.seal(f, fe.says(6, 9)))
	f.Fuzz(func(t *testing.T, before, after string) {
		if r, there := fe.from.OnConsole(before + line + after); !there || !reflect.DeepEqual(r, want) {
			t.Errorf("there %t: %+v", there, r)
		}
		if r, there := fe.from.OnConsole(before + after); there && r.CoordinatorKey != fe.own.Public() {
			t.Errorf("out of nothing: %+v", r)
		}
	})
}

// Whatever the front-end says of waiting jobs: it costs the rest of the report nothing,
// and what becomes a part of messages has bounds.
func FuzzWaits(f *testing.F) {
	fe := newFrontEnd(f)
	f.Add(`{"gpu":[12,["17.0","18_[1-5%2]","19+1"]]}`)
	f.Add(`{"gpu":[1,["\u001b[2J","$(reboot)"," ","` + strings.Repeat("9", 200) + `"]],"../x":[1,[]],"frontend":[1,[]]}`)
	f.Add(`{"gpu":[-1,[]],"cpu":[9223372036854775807,["1","2","3","4","5"]]}`)
	f.Add(`[[[[`)
	f.Fuzz(func(t *testing.T, waits string) {
		text := fmt.Sprintf(`{"generation":7,"joined":2,"pending":0,"coordinator_key":%q,"waits":%s}`, fe.own.Public(), waits)
		sealed, err := fe.from.Seal(text, fe.own, fe.first)
		if err != nil {
			t.Fatal(err)
		}
		r, there, err := fe.known().Open(sealed)
		if err != nil || !there {
			return // too long, or no JSON at all
		}
		for group, jobs := range r.Waits {
			if cluster.CheckGroupName(group) != nil || jobs.Count < 1 || len(jobs.IDs) > min(report.MaxIDs, jobs.Count) {
				t.Errorf("%q: %+v", group, jobs)
			}
			for _, id := range jobs.IDs {
				if len(id) == 0 || len(id) > 40 || strings.ContainsAny(id, " \n\t\x1b$`'\"\\;&|<>(){}") {
					t.Errorf("ID %q", id)
				}
			}
		}
	})
}
