package htcondor

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

func identities(t *testing.T) *tools {
	f := recorded(t)
	f.slots, f.queues = "condor_status-identities.json", "condor_q-identities.json"
	return f
}

func TestWorkersProveWhichNodesTheyAre(t *testing.T) {
	s := snapshot(t, identities(t))
	if len(s.Workers) != 2 || len(s.Claims) != 0 || s.OnNode["w1"] != 1 || s.OnNode["w2"] != 1 || s.Running != 2 {
		t.Fatalf("workers %+v, claims %+v, jobs on %v", s.Workers, s.Claims, s.OnNode)
	}
	for i, w := range s.Workers {
		name := fmt.Sprintf("w%d", i+1)
		if w.Name != name || w.Identity != name || w.Server != "uuid-"+name || w.Address != fmt.Sprintf("10.77.0.%d", 10+i) || w.Running != 1 || w.Free.Cpus != 1 {
			t.Errorf("%+v", w)
		}
	}
}

// Each row is what the collector of a real pool listed while root on w1 spoke for w2.
func TestWhatIsSaidInAnothersNameCountsForNothing(t *testing.T) {
	for slots, want := range map[string][]queue.Claim{
		"condor_status-unchecked.json": {{Node: "w2", By: "w1"}}, // without COLLECTOR_REQUIREMENTS
		"condor_status-forged.json":    {{Node: "w2", By: "w2"}}, // by UPDATE_STARTD_AD_WITH_ACK: the server is not the master's
	} {
		f := identities(t)
		f.slots = slots
		s := snapshot(t, f)
		if !reflect.DeepEqual(s.Claims, want) {
			t.Errorf("%s: claims %+v, want %+v", slots, s.Claims, want)
		}
		if w, there := s.Worker("w2"); there || len(s.Workers) != 1 || s.Workers[0].Free.Cpus != 1 {
			t.Errorf("%s: %+v of %+v", slots, w, s.Workers)
		}
	}
}

// slots returns the ads of the recorded pool, each changed.
func changedSlots(t *testing.T, file string, change func(a map[string]any)) string {
	t.Helper()
	var ads []map[string]any
	if err := json.Unmarshal([]byte(read(t, file)), &ads); err != nil {
		t.Fatal(err)
	}
	for _, a := range ads {
		change(a)
	}
	raw, err := json.Marshal(ads)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func set(name string, value any) func(map[string]any) {
	return func(a map[string]any) {
		if machine, _ := a["Machine"].(string); machine == "w2.hpc.test" {
			a[name] = value
		}
	}
}

func TestNamesAreBelievedUnderTheirIdentityOnly(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(map[string]any)
		listed bool   // w2 is a worker of the pool
		proved string // as which node
		claims int
	}{
		{"another's name under the own identity", set("VmclusterName", "w1"), false, "", 1},
		{"a name that is an expression", set("VmclusterName", `/Expr(ifThenElse(true,"w1","w2"))/`), true, "w2", 0},
		{"another's machine", set("Machine", "w1.hpc.test"), false, "", 1},
		{"a machine of another domain", set("Machine", "w2.elsewhere"), false, "", 1},
		{"a machine that is an expression", set("Machine", `/Expr(ifThenElse(true,"w1.hpc.test","w2.hpc.test"))/`), true, "w2", 0}, // the slot's name says it
		{"a machine that can't be one", set("Machine", "w1\u001b[31m.hpc.test"), false, "", 0},
		{"an identity that no master has", set("AuthenticatedIdentity", "worker.w2.00000000@hpc.test"), true, "", 0},
		{"the pool's own identity", set("AuthenticatedIdentity", "condor@hpc.test"), true, "", 0},
		{"no identity", set("AuthenticatedIdentity", nil), true, "", 0},
		{"a user's identity that looks like one", set("AuthenticatedIdentity", "worker.w2@hpc.test"), true, "", 0},
		{"another server than its master's", set("NovaInstanceUUID", "uuid-w1"), false, "", 1},
		{"no server", set("NovaInstanceUUID", nil), false, "", 1},
		{"an address that is none", set("MyAddress", "<w1:9618>"), true, "w2", 0},
	} {
		f := identities(t)
		f.slots = changedSlots(t, f.slots, row.change)
		s := snapshot(t, f)
		w, listed := s.Worker("w2")
		one, _ := s.Worker("w1")
		if listed != row.listed || w.Identity != row.proved || len(s.Claims) != row.claims {
			t.Errorf("%s: listed %t as %q, claims %+v", row.name, listed, w.Identity, s.Claims)
		}
		if w.Identity == "" && w.Server != "" {
			t.Errorf("%s: it is believed to be server %s", row.name, w.Server)
		}
		if one.Identity != "w1" || one.Server != "uuid-w1" || one.Slots != 1 || one.Running != 1 || one.Total.Cpus != 2 {
			t.Errorf("%s: w1 is %+v", row.name, one)
		}
	}
}

// A machine that is no worker of the cluster has the name of one.
func TestOneNameTwice(t *testing.T) {
	f := identities(t)
	f.slots = strings.TrimSuffix(strings.TrimSpace(read(t, f.slots)), "]") + `,{"Machine":"w2.elsewhere","Name":"slot1@w2.elsewhere","AuthenticatedIdentity":"condor@hpc.test","PartitionableSlot":true,"Start":true,"Cpus":64,"TotalSlotCpus":64}]`
	s := snapshot(t, f)
	if w, _ := s.Worker("w2"); len(s.Workers) != 2 || w.Total.Cpus != 2 || !reflect.DeepEqual(s.Claims, []queue.Claim{{Node: "w2"}}) {
		t.Errorf("workers %+v, claims %+v", s.Workers, s.Claims)
	}
}

func TestAmountsOfAWorkerAreBounded(t *testing.T) {
	for name, value := range map[string]any{"TotalSlotCpus": 2e12, "Cpus": 2e12, "Memory": -5, "TotalSlotMemory": -1e9, "NumDynamicSlots": 2e12, "MyCurrentTime": 2e12, "EnteredCurrentActivity": -1e12, "NumDynamicSlotsTime": -1e12, "DaemonStartTime": -1e12} {
		f := identities(t)
		f.slots = changedSlots(t, f.slots, set(name, value))
		s := snapshot(t, f)
		w, _ := s.Worker("w2")
		if w.Free != withinBounds(w.Free, w.Total) || w.Total != withinBounds(w.Total, mostOfAll) || w.Running < 0 || w.Running > mostSlots || w.IdleSince.After(time.Now()) || w.Started.After(time.Now()) {
			t.Errorf("%s = %v: %+v", name, value, w)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("%s = %v: %v", name, value, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for contact, want := range map[string]string{
		"<192.0.2.7:9618?addrs=192.0.2.7-9618&noUDP&sock=startd_34_e64f>": "192.0.2.7", "<192.0.2.7:9618>": "192.0.2.7",
		"<[2001:DB8::7]:9618?sock=x>": "2001:db8::7", "<[::ffff:192.0.2.7]:9618>": "192.0.2.7", "": "", "<w1:9618>": "", "<192.0.2.7>": "", "x": "",
	} {
		if got := addressOf(contact); got != want {
			t.Errorf("%s: %q, want %q", contact, got, want)
		}
	}
}

func TestClaimsAreBounded(t *testing.T) {
	var ads []string
	for i := range 500 {
		ads = append(ads, fmt.Sprintf(`{"Machine":"x%d.hpc.test","AuthenticatedIdentity":"worker.w1.b8822873@hpc.test"}`, i))
	}
	f := identities(t)
	f.slots = "[" + strings.Join(ads, ",") + "]"
	if s := snapshot(t, f); len(s.Claims) != queue.MostClaims || len(s.Workers) != 0 {
		t.Errorf("%d claims, %d workers", len(s.Claims), len(s.Workers))
	}
}

// Users write what they like into their jobs' ads: JobStatus and RemoteHost too.
func TestJobsAreWhereSlotsProveThem(t *testing.T) {
	job := func(status int, host string) string {
		return fmt.Sprintf(`[{"JobCount":3,"JobIds":"1.0 ... 1.2","JobStatus":%d,"JobUniverse":5,"RemoteHost":%q}]`, status, host)
	}
	for _, row := range []struct {
		name    string
		queue   string
		node    string
		on      int
		waiting int
	}{
		{"idle, and it says that it is on a worker", job(1, "slot1_1@w1.hpc.test"), "w1", 0, 3},
		{"on a slot that has a job", job(2, "slot1_1@w1.hpc.test"), "w1", 1, 0},
		{"on a slot that is not there", job(2, "slot1_9@w1.hpc.test"), "w1", 0, 0},
		{"on a slot that is free", job(2, "slot1@w1.hpc.test"), "w1", 0, 0},
		{"on a machine, no slot", job(2, "w1.hpc.test"), "w1", 0, 0},
		{"on a worker that the pool has lost", job(2, "slot1_1@w9.hpc.test"), "w9", 1, 0},
		{"on an expression", job(2, "/Expr(split(x))/"), "", 0, 0},
		{"on control characters", job(2, "slot1@\x1bw9"), "", 0, 0},
	} {
		f := identities(t)
		f.queues = row.queue
		s := snapshot(t, f)
		total := 0
		for _, n := range s.OnNode {
			total += n
		}
		if s.OnNode[row.node] != row.on || total != row.on || s.Waiting() != row.waiting {
			t.Errorf("%s: jobs on %v, %d waiting", row.name, s.OnNode, s.Waiting())
		}
	}
}

func TestTimesThatUsersWriteIntoTheirJobs(t *testing.T) {
	for queued, want := range map[string]int64{"99999999999": 1700000000, "99999999999999": 1700000000, "99999999999999999": 1700000000, "-5": 1700000000, "0": 1700000000, `"soon"`: 1700000000, "1e300": 1700000000, "1600000000": 1600000000} {
		f := identities(t)
		ad := `{"JobCount":1,"JobIds":"%d.0","JobStatus":1,"JobUniverse":5,"QDate":%s}`
		f.queues = "[" + fmt.Sprintf(ad, 1, queued) + "]"
		alone := snapshot(t, f)
		if at := alone.Jobs[0].Oldest; at.After(time.Now()) || !at.IsZero() && at.Unix() != want {
			t.Errorf("QDate %s alone: queued %s", queued, at)
		}
		if _, err := json.Marshal(alone); err != nil {
			t.Errorf("QDate %s alone: %v", queued, err)
		}
		for _, order := range [][2]string{{queued, "1700000000"}, {"1700000000", queued}} {
			f.queues = "[" + fmt.Sprintf(ad, 1, order[0]) + "," + fmt.Sprintf(ad, 2, order[1]) + "]"
			s := snapshot(t, f)
			if len(s.Jobs) != 1 || s.Jobs[0].Oldest.Unix() != want {
				t.Errorf("QDate %s: %+v", queued, s.Jobs)
			}
			if _, err := json.Marshal(s); err != nil {
				t.Errorf("QDate %s: %v", queued, err)
			}
		}
	}
}

func TestAnAdThatCanNotBeReadCostsNoOther(t *testing.T) {
	deep := strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)
	for name, bad := range map[string]string{
		"nested too deeply":         `{"JobIds":"7.0","JobCount":1,"RequestCpus":` + deep + `}`,
		"a number that is none":     `{"JobIds":"7.0","JobCount":1,"JobStatus":1,"RequestCpus":nil}`,
		"a count that is none":      `{"JobIds":"7.0","JobCount":"many","JobStatus":1}`,
		"a group that is no name":   `{"JobIds":"7.0","JobCount":1,"JobStatus":1,"JobUniverse":5,"VmclusterGroup":"a\u001b[31mb"}`,
		"a request that is a text":  `{"JobIds":"7.0","JobCount":1,"JobStatus":1,"JobUniverse":5,"RequestCpus":"many"}`,
		"a request without an end":  `{"JobIds":"7.0","JobCount":1,"JobStatus":1,"JobUniverse":5,"RequestCpus":"\/Expr(real(\"INF\"))\/"}`,
		"a universe that is a text": `{"JobIds":"7.0","JobCount":1,"JobStatus":1,"JobUniverse":"x"}`,
	} {
		f := identities(t)
		good := `{"JobCount":2,"JobIds":"1.0 1.1","JobStatus":1,"JobUniverse":5}`
		f.queues = "[" + good + "," + bad + "," + strings.ReplaceAll(good, "1.", "2.") + "]"
		s := snapshot(t, f)
		if s.Waiting() != 4 || len(s.Skipped) != 1 || s.Skipped[0].First != "7.0" || s.Skipped[0].Count != 1 || len(s.Skipped[0].Why) > 250 || strings.ContainsRune(s.Skipped[0].Why, 0x1b) {
			t.Errorf("%s: %d wait, skipped %.300v", name, s.Waiting(), s.Skipped)
		}
		f = identities(t)
		f.slots = strings.TrimSuffix(strings.TrimSpace(read(t, f.slots)), "]") + "," + strings.ReplaceAll(bad, "RequestCpus", "Cpus") + "]"
		if s := snapshot(t, f); len(s.Workers) != 2 {
			t.Errorf("%s, of a slot: %+v", name, s.Workers)
		}
	}
}
