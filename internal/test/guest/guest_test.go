package guest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/report"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/guest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// stage is a cloud with a simulator whose rounds the test makes.
type stage struct {
	t     *testing.T
	cloud *openstacktest.Cloud
	sim   *guest.Simulator
	token string
	busy  map[string]bool
	mute  map[string]bool
	back  []string // workers that were called back
	doc   cluster.Document
	first *trust.CA // the key in the front-end's user data
	front string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, busy: map[string]bool{}, mute: map[string]bool{}}
	s.cloud = openstacktest.New(openstacktest.Options{})
	if err := s.cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.cloud.Close)
	s.sim = guest.New(s.cloud, guest.Options{
		Busy:  func(w string) bool { return s.busy[w] },
		Joins: func(w string) bool { return !s.mute[w] },
		Back:  func(w string) { s.back = append(s.back, w) },
	})
	auth := map[string]any{"auth": map[string]any{"identity": map[string]any{
		"methods": []string{"application_credential"},
		"application_credential": map[string]string{
			"id": openstacktest.AppCredentialID, "secret": openstacktest.AppCredentialKey,
		},
	}}}
	s.token = s.call(http.MethodPost, "/identity/v3/auth/tokens", auth).Header.Get("X-Subject-Token")
	var err error
	if s.first, err = trust.NewCA(); err != nil {
		t.Fatal(err)
	}
	s.doc = cluster.Document{ID: "c1", Name: "astro", Generation: 1, FrontEnd: cluster.FrontEndRecord{Name: "astro-frontend", FirstKey: s.first.Public()}}
	return s
}

func (s *stage) call(method, path string, body any) *http.Response {
	s.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.cloud.URL()+path, bytes.NewReader(b))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", s.token)
	req.Header.Set("OpenStack-API-Version", "compute 2.52")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode >= 400 {
		s.t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
	return resp
}

// userData gives the front-end the key by which the document knows it at first.
func (s *stage) userData() []byte {
	key, err := s.first.PrivatePEM()
	if err != nil {
		s.t.Fatal(err)
	}
	return []byte("path: /etc/vmcluster/first_key\ncontent: " + base64.StdEncoding.EncodeToString([]byte(key)) + "\n")
}

func (s *stage) create(name string, role cluster.Role, group string, metadata map[string]string, userData []byte) {
	s.t.Helper()
	s.call(http.MethodPost, "/compute/v2.1/servers", map[string]any{"server": map[string]any{
		"name": name, "imageRef": openstacktest.DefaultImages()[0].ID, "flavorRef": "1", "networks": "auto",
		"tags": cluster.Tags(s.doc.ID, s.doc.Name, role, group), "metadata": metadata, "user_data": base64.StdEncoding.EncodeToString(userData),
	}})
}

// write puts the document, with a new generation, where the front-end reads it.
func (s *stage) write() {
	s.t.Helper()
	s.doc.Generation++
	items, err := s.doc.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	if s.front == "" {
		s.create("astro-frontend", cluster.RoleFrontEnd, "", items, s.userData())
		server, _ := s.cloud.Server("astro-frontend")
		s.front = server.ID
		return
	}
	s.call(http.MethodPut, "/compute/v2.1/servers/"+s.front+"/metadata", map[string]any{"metadata": items})
}

// report clears the slot, lets a round pass and reads what it then holds.
func (s *stage) report() cluster.Report {
	s.t.Helper()
	s.call(http.MethodDelete, "/compute/v2.1/servers/"+s.front+"/os-server-password", nil)
	s.sim.Round(time.Now())
	server, _ := s.cloud.Server("astro-frontend")
	r, ok, err := report.Of(s.doc, s.front).Open(server.Password)
	if err != nil || !ok {
		s.t.Fatalf("no report in the slot: %q, %v", server.Password, err)
	}
	return r
}

func (s *stage) cluster(workers ...string) {
	s.t.Helper()
	for _, w := range workers {
		s.create(w, cluster.RoleWorker, "cpu", map[string]string{}, nil)
		s.doc.Workers = append(s.doc.Workers, cluster.Member{Name: w})
	}
	s.write()
}

func TestWorkersJoinOnceTheyAreUp(t *testing.T) {
	s := newStage(t)
	s.mute["astro-cpu-2"] = true
	s.cluster("astro-cpu-1", "astro-cpu-2")
	r := s.report()
	if r.Generation != s.doc.Generation || r.Joined != 1 || r.Pending != 1 || r.PendingNames != "cpu[2]" {
		t.Errorf("one of two joined: %+v", r)
	}
	if r.HostKey == "" || r.CoordinatorKey == "" || r.Address == "" {
		t.Errorf("the front-end does not tell its keys and address: %+v", r)
	}
	s.mute["astro-cpu-2"] = false
	if r := s.report(); r.Joined != 2 || r.Pending != 0 {
		t.Errorf("both joined: %+v", r)
	}
	if !s.sim.Accepts("astro-cpu-2") {
		t.Error("a joined worker takes no job")
	}
}

func TestLeaving(t *testing.T) {
	for _, row := range []struct {
		name    string
		how     cluster.Leaving
		busy    bool
		accepts bool
		drained bool
	}{
		{"idle and idle: drained at once", cluster.LeaveIdle, false, false, true},
		{"idle asked of a busy one: refused, it works on", cluster.LeaveIdle, true, true, false},
		{"drain asked of a busy one: it finishes its jobs", cluster.LeaveJobsOK, true, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t)
			s.cluster("astro-cpu-1")
			s.report()
			s.busy["astro-cpu-1"] = row.busy
			s.doc.Workers[0].Leaving = row.how
			s.write()
			r := s.report()
			if got := r.Drained == "cpu[1]"; got != row.drained || (r.Busy == "cpu[1]") == row.drained {
				t.Errorf("report: %+v", r)
			}
			if got := s.sim.Accepts("astro-cpu-1"); got != row.accepts {
				t.Errorf("accepts jobs: %v", got)
			}
			s.busy["astro-cpu-1"] = false
			if r := s.report(); r.Drained != "cpu[1]" {
				t.Errorf("not drained when the job is through: %+v", r)
			}
			s.doc.Workers[0].Leaving = cluster.Stays
			s.write()
			if r := s.report(); r.Drained != "" || r.Busy != "" || !s.sim.Accepts("astro-cpu-1") {
				t.Errorf("still leaving without the mark: %+v", r)
			}
			s.report()
			if !slices.Equal(s.back, []string{"astro-cpu-1"}) {
				t.Errorf("called back: %v, want it once", s.back)
			}
		})
	}
}

func TestAWorkerThatLeftTheRosterIsForgotten(t *testing.T) {
	s := newStage(t)
	s.cluster("astro-cpu-1", "astro-cpu-2")
	s.report()
	s.doc.Workers = s.doc.Workers[:1]
	s.write()
	if r := s.report(); r.Joined != 1 {
		t.Errorf("report: %+v", r)
	}
	if got := s.sim.Joined(); !slices.Equal(got, []string{"astro-cpu-1"}) {
		t.Errorf("joined: %v", got)
	}
}
