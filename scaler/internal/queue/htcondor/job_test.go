package htcondor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// selective answers condor_q as the real one: only with the jobs and the attributes
// asked for. A list that the schedd groups has besides what its expressions name.
type selective struct{ *tools }

func (s selective) Run(ctx context.Context, c command.Command, consume func(io.Reader) error) error {
	return s.tools.Run(ctx, c, func(out io.Reader) error {
		if !strings.HasSuffix(c.Name, "condor_q") {
			return consume(out)
		}
		var ads, wanted []map[string]any
		if err := json.NewDecoder(out).Decode(&ads); err != nil {
			return err
		}
		for _, a := range ads {
			constraint := c.Args[len(c.Args)-1]
			if constraint == fmt.Sprintf("ClusterId == %v && ProcId == %v", a["ClusterId"], a["ProcId"]) || constraint == fmt.Sprintf("ClusterId == %v", a["ClusterId"]) {
				wanted = append(wanted, a)
			}
		}
		if len(wanted) == 0 {
			return consume(strings.NewReader("")) // condor_q prints nothing then
		}
		if i := slices.Index(c.Args, "-attributes"); i >= 0 {
			projected := strings.Split(strings.ToLower(c.Args[i+1]), ",")
			for _, a := range wanted {
				maps.DeleteFunc(a, func(name string, _ any) bool { return !slices.Contains(projected, strings.ToLower(name)) })
			}
		}
		raw, err := json.Marshal(wanted)
		if err != nil {
			return err
		}
		return consume(strings.NewReader(string(raw)))
	})
}

func TestFind(t *testing.T) {
	r := New(Options{Runner: selective{recorded(t)}})
	whole := snapshot(t, recorded(t))
	for _, id := range []string{"6.1", "6"} {
		j, err := r.Find(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		known := false
		for _, g := range whole.Jobs {
			known = known || g.Key == j.Kind.Key
		}
		if j.State != queue.JobWaits || !strings.HasPrefix(j.ID, id) || !known {
			t.Errorf("%s: %+v is of no kind in the whole queue", id, j)
		}
	}
	if j, err := r.Find(t.Context(), "5.2"); err != nil || j.State != queue.JobRuns || j.Node == "" {
		t.Errorf("a running job: %+v, %v", j, err)
	}
	if _, err := r.Find(t.Context(), "4711.0"); !errors.Is(err, queue.ErrNoJob) {
		t.Errorf("a job that is not there: %v", err)
	}
	for _, id := range []string{"", "x", "6.x", "6 || true", "-1"} {
		if _, err := r.Find(t.Context(), id); err == nil || !strings.Contains(err.Error(), "is not a job's number") {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// A job's requirements name attributes of its own: FileSystemDomain stands in those
// that condor_submit writes by itself. Alone or in the whole queue, it is of the
// same kind.
func TestFindOfAJobWhoseRequirementsNameItsOwn(t *testing.T) {
	var ads []map[string]any
	if err := json.Unmarshal([]byte(read(t, "condor_q-full.json")), &ads); err != nil {
		t.Fatal(err)
	}
	for _, a := range ads {
		if a["ClusterId"] == 6.0 {
			a["FileSystemDomain"] = "hcm.hpc.test"
			a["Requirements"] = `/Expr((TARGET.Arch == "X86_64") && (TARGET.Disk >= RequestDisk) && ((TARGET.FileSystemDomain == MY.FileSystemDomain) || (TARGET.HasFileTransfer)))/`
		}
	}
	raw, err := json.Marshal(ads)
	if err != nil {
		t.Fatal(err)
	}
	f := recorded(t)
	f.queues = string(raw)
	whole := snapshot(t, f)
	j, err := New(Options{Runner: selective{f}}).Find(t.Context(), "6")
	if err != nil || !strings.HasPrefix(j.ID, "6.") {
		t.Fatal(j, err)
	}
	if !slices.ContainsFunc(whole.Jobs, func(g queue.JobGroup) bool { return g.Key == j.Kind.Key && g.First == "6.0" }) {
		t.Errorf("job %s is of no kind in the whole queue", j.ID)
	}
}

func TestFindSaysWhyItCanNot(t *testing.T) {
	f := recorded(t)
	f.queues = "q-schedd-down"
	if _, err := New(Options{Runner: f}).Find(t.Context(), "6.0"); err == nil || errors.Is(err, queue.ErrNoJob) {
		t.Errorf("a schedd that is down: %v", err)
	}
}
