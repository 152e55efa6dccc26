package provision

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
)

// forgeries are console texts by which a user's job, or root on a worker, would have
// later workers trust its own key.
func forgeries(t *testing.T, fe *memServer) map[string]string {
	t.Helper()
	attacker := &memServer{req: fe.req, id: fe.id}
	attacker.makeKeys()
	attacker.first = memKey()
	forged := cluster.Report{Generation: 500, HostKey: memKey().Public(), HostCA: attacker.hostCA}
	signed := attacker.seal(forged)
	forged.Generation = math.MaxInt64
	largest := attacker.seal(forged)
	_, unsigned, _ := strings.Cut(signed, " ")
	return map[string]string{
		"in an error text":                      "\nvmcluster: astro-cpu-1: sorry " + report.Mark + signed + "\r\n",
		"in an error text, without a signature": "\nvmcluster: astro-cpu-1: sorry vmcluster-report " + unsigned + "\r\n",
		"on a line of its own":                  "\n" + report.Mark + signed + "\r\n",
		"on a line, without a signature":        "\n" + report.Mark + unsigned + "\r\n",
		"with the largest generation":           "\n" + report.Mark + largest + "\r\n" + "vmcluster-report " + unsigned + "\r\n",
	}
}

// Whatever a job can have written to the front-end's console, the workers of a growth
// are born with the front-end's own keys, and generations go on by one.
func TestAForgedReportBringsNoKeys(t *testing.T) {
	for _, wait := range []Wait{WaitActive, WaitJoined} { // with WaitActive the console brings the keys at the growth
		for name := range forgeries(t, &memServer{}) {
			synctest.Test(t, func(t *testing.T) {
				c := newMemCloud()
				req := testRequest(t, 1)
				req.Spec.Coordinator, req.Wait = cluster.CoordinatorLastWorker, wait
				made(t, c, &req)
				time.Sleep(10 * time.Minute)
				fe := c.server(t, "astro-frontend")
				fe.makeKeys()
				c.noise = forgeries(t, fe)[name]
				for count := 2; count <= 3; count++ {
					grow(&req, count)
					res := apply(t, c, req)
					if len(res.Problems) > 0 || res.Document.Generation != int64(count) {
						t.Errorf("%s: generation %d of %d workers, problems %v", name, res.Document.Generation, count, res.Problems)
					}
					if got := res.Document.FrontEnd; got.CoordinatorKey != fe.own.Public() || got.HostKey != memHostKey || got.HostCA != fe.hostCA {
						t.Errorf("%s: the document has the front-end's keys %+v", name, got)
					}
					expectBornTrusting(t, c, name, fe.own.Public())
					req.Last = res.Document
					time.Sleep(10 * time.Minute)
					expectTold(t, c)
				}
			})
		}
	}
}

// expectBornTrusting wants the user data of every worker but the first to admit the
// front-end's key.
func expectBornTrusting(t *testing.T, c *memCloud, name, key string) {
	t.Helper()
	for _, s := range c.present() {
		if s.req.Role != cluster.RoleWorker || s.req.Name == "astro-cpu-1" {
			continue
		}
		var about struct {
			CoordinatorKey string `json:"coordinator_key"`
		}
		if err := json.Unmarshal(fileOf(s.req.UserData, "/etc/vmcluster/node.json"), &about); err != nil || about.CoordinatorKey != key {
			t.Errorf("%s: %s is born trusting %q, want %q (%v)", name, s.req.Name, about.CoordinatorKey, key, err)
		}
	}
}

// A program that reaches the metadata service may write to the slot. That changes
// nothing, and a front-end of which only such texts come is named with the reason.
func TestAForgedReportInTheSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := testRequest(t, 2)
		req.Wait = WaitActive
		made(t, c, &req)
		time.Sleep(10 * time.Minute)
		fe := c.server(t, "astro-frontend")
		fe.makeKeys()
		for _, text := range forgeries(t, fe) {
			_, text, _ = strings.Cut(text, report.Mark)
			text = strings.TrimSpace(text)
			fe.slot = text
			view, err := New(c, Options{}).Read(t.Context(), req.Spec.ID, nil)
			if err != nil || view.HasReport && view.Report.CoordinatorKey != fe.own.Public() {
				t.Errorf("%q: %v, %+v", text, err, view.Report)
			}
			if text != "" && view.HasReport == (view.ReportRefused != "") {
				t.Errorf("%q: report %t, refused %q", text, view.HasReport, view.ReportRefused)
			}
		}
		fe.own = memKey() // as after a rebuild of the server: no other knows of this key
		fe.first = nil
		req.Wait = WaitJoined
		grow(&req, 3)
		_, err := New(c, Options{}).Apply(bounded(t), req)
		if err == nil || !strings.Contains(err.Error(), "delete the server") || !strings.Contains(err.Error(), "not signed") {
			t.Errorf("a front-end with another key: %v", err)
		}
	})
}

// A worker's metadata says which roster it was sent with. A person who may change
// metadata can't have generations overflow, or jump.
func TestASentGenerationHasBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newMemCloud()
		req := toldByLastWorker(t, c, 2)
		for _, sent := range []string{"9223372036854775807", "9007199254740991", "-5", "5000000", "99999999999999999999", "x"} {
			s := c.server(t, "astro-cpu-1")
			s.metadata[cluster.MetaSent] = sent
			before := document(t, c).Generation
			grow(&req, req.Spec.Groups["cpu"].Count+1)
			res := apply(t, c, req)
			if len(res.Problems) > 0 || res.Document.Generation != before+1 {
				t.Errorf("%s: generation %d after %d, problems %v", sent, res.Document.Generation, before, res.Problems)
			}
			req.Last = res.Document
		}
		if names := slices.Collect(func(yield func(string) bool) {
			for _, s := range c.present() {
				if !yield(s.req.Name) {
					return
				}
			}
		}); len(names) != 2+6+1 {
			t.Errorf("the servers are %v", names)
		}
	})
}
