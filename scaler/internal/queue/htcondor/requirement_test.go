package htcondor

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor/classad"
)

func grouped(t *testing.T) *tools {
	f := recorded(t)
	f.queues, f.totals, f.slots = "condor_q-grouped.json", "condor_q-grouped-totals.json", "condor_status-attributes.json"
	return f
}

func TestJobsThatTheScheddGroups(t *testing.T) {
	f := grouped(t)
	s := snapshot(t, f)
	if s.Waiting() != 48999 || s.Running != 4 || s.OnNode["w1"] != 4 {
		t.Errorf("waiting %d, running %d, on nodes %v", s.Waiting(), s.Running, s.OnNode)
	}
	want := map[string]struct {
		count int
		group string
		asks  queue.Shape
	}{
		"1.3":     {19997, "", queue.Shape{Cpus: 1, MemoryMiB: 2048, DiskKiB: 1024}},
		"1.20000": {8000, "", queue.Shape{Cpus: 4, MemoryMiB: 8000, DiskKiB: 1024}},
		"1.28000": {5000, "gpu", queue.Shape{Cpus: 2, MemoryMiB: 4096, DiskKiB: 1024, GPUs: 1}},
		"2.1":     {7999, "", queue.Shape{Cpus: 1, MemoryMiB: 1, DiskKiB: 45}},
		"2.8000":  {3000, "", queue.Shape{Cpus: 8, MemoryMiB: 30000, DiskKiB: 45}},
		"2.11000": {3000, "", queue.Shape{Cpus: 1, MemoryMiB: 1024, DiskKiB: 45}},
		"2.14000": {1000, "", queue.Shape{Cpus: 1, MemoryMiB: 1024, DiskKiB: 45}},
		"2.15000": {1000, "", queue.Shape{Cpus: 1, MemoryMiB: 1024, DiskKiB: 45}},
		"3.0":     {3, "gpu", queue.Shape{Cpus: 1, MemoryMiB: 100, DiskKiB: 1024}},
	}
	if len(s.Jobs) != len(want) {
		t.Errorf("%d groups, want %d", len(s.Jobs), len(want))
	}
	for _, g := range s.Jobs {
		w := want[g.First]
		if g.Count != w.count || g.Group != w.group || g.Asks != w.asks {
			t.Errorf("jobs of %s: %d × %+v for group %q", g.First, g.Count, g.Asks, g.Group)
		}
		if g.Oldest.Unix() < 1795365000 {
			t.Errorf("jobs of %s: queued at %s", g.First, g.Oldest)
		}
	}
	why := ""
	for _, k := range s.Skipped {
		why += k.First + " " + k.Why + "\n"
	}
	if len(s.Skipped) != 2 || !strings.Contains(why, "5.0 runs on the access point") || !strings.Contains(why, "6.0 deferred") {
		t.Errorf("skipped %+v", s.Skipped)
	}
	again := snapshot(t, f)
	for i, g := range s.Jobs {
		if again.Jobs[i].Key != g.Key {
			t.Errorf("the key of %s is another in the next reading: %q, %q", g.First, g.Key, again.Jobs[i].Key)
		}
	}
}

// What recorded jobs demand of recorded workers.
func TestRequirementsOfARealQueue(t *testing.T) {
	s := snapshot(t, grouped(t))
	cpu, _ := s.Worker("w1")
	gpu, _ := s.Worker("w2")
	for _, tt := range []struct{ first, onCPU, onGPU string }{
		{"1.3", "", ""},
		{"2.8000", "", "TARGET.HasDocker is true (hasdocker is undefined)"},
		// The workers of this pool are called w1 and w2.
		{"2.11000", `regexp("^astro-(cpu|mem)-",Machine) (machine is "w1.hpc.test")`, `regexp("^astro-(cpu|mem)-",Machine) (machine is "w2.hpc.test")`},
		{"2.14000", `Arch == "aarch64" (arch is "X86_64")`, `Arch == "aarch64" (arch is "X86_64")`},
		{"2.15000", "HasCvmfs is true (hascvmfs is undefined)", "HasCvmfs is true (hascvmfs is undefined)"},
		{"3.0", `TARGET.VmclusterGroup == MY.VmclusterGroup (vmclustergroup is "cpu")`, ""},
	} {
		i := slices.IndexFunc(s.Jobs, func(g queue.JobGroup) bool { return g.First == tt.first })
		if i < 0 {
			t.Errorf("no jobs of %s", tt.first)
			continue
		}
		for _, on := range []struct {
			worker queue.Worker
			want   string
		}{{cpu, tt.onCPU}, {gpu, tt.onGPU}} {
			if got := Judge(s.Jobs[i].Requires, on.worker.Attributes, on.worker.Total, plenty).Unmet; got != on.want {
				t.Errorf("%s on %s: %q, want %q", tt.first, on.worker.Name, got, on.want)
			}
		}
		if s.Jobs[i].Requires.Amounts {
			t.Errorf("%s is said to depend on what is free", tt.first)
		}
		if got := Judge(s.Jobs[i].Requires, nil, queue.Shape{}, plenty).Unmet; got != "" {
			t.Errorf("%s on a worker of which nothing is known: %q", tt.first, got)
		}
	}
}

// requirementsMachine is what the rows of requirementRows are held against.
var requirementsMachine = queue.Attributes{
	"arch": "X86_64", "opsys": "LINUX", "hasdocker": true, "hascvmfs": nil, "machine": "astro-cpu-7.example.org", "software": "R, python",
	"gpus_capability": 7.5, "gpus_globalmemorymb": 16000.0, "vmclustergroup": "cpu",
}

var requirementsFree = queue.Shape{Cpus: 4, MemoryMiB: 8000, GPUs: 2}

const met = ""

// plenty is a number of steps that no usual requirement takes.
const plenty = 10_000

// requirementRows: what a job demands, and what of it the machine does not meet.
var requirementRows = []struct{ requirements, unmet string }{
	{`true`, met},
	{`false`, "false"},
	{`Arch == "x86_64"`, met},
	{`(TARGET.Arch == "X86_64") && (TARGET.OpSys == "WINDOWS")`, `TARGET.OpSys == "WINDOWS" (opsys is "LINUX")`},
	{`TARGET.Arch == "aarch64" || TARGET.HasDocker`, met},
	{`TARGET.Arch == "aarch64" || TARGET.HasCvmfs`, `TARGET.Arch == "aarch64" || TARGET.HasCvmfs (arch is "X86_64", hascvmfs is undefined)`},
	{`HasDocker =?= true && HasCvmfs`, "HasCvmfs (hascvmfs is undefined)"},
	{`HasDocker =!= true`, "HasDocker =!= true (hasdocker is true)"},
	{`HasCvmfs =!= undefined`, "HasCvmfs =!= undefined (hascvmfs is undefined)"},
	{`!isUndefined(HasCvmfs)`, "!isUndefined(HasCvmfs) (hascvmfs is undefined)"},
	{`Machine != "astro-cpu-7.example.org"`, `Machine != "astro-cpu-7.example.org" (machine is "astro-cpu-7.example.org")`},
	{`regexp("^ASTRO-cpu-[0-9]+\\.", TARGET.Machine, "i")`, met},
	{`regexp("-gpu-", Machine)`, `regexp("-gpu-", Machine) (machine is "astro-cpu-7.example.org")`},
	{`stringListMember("R", Software)`, met},
	{`stringListIMember("r", Software) && stringListMember("Julia", Software)`, `stringListMember("Julia", Software) (software is "R, python")`},
	{`stringListMember(TARGET.VmclusterGroup, MY.Wants)`, met},
	{`ifThenElse(HasDocker, Memory > 4000, false)`, met},
	{`HasDocker ? false : true`, "HasDocker ? false : true (hasdocker is true)"},
	{`Memory >= 60000`, "Memory >= 60000 (memory is 8000)"},
	{`(TARGET.Memory >= RequestMemory) && Cpus >= MY.RequestCpus`, met}, // packing judges amounts
	{`GPUs_Capability >= 8.0`, "GPUs_Capability >= 8.0 (gpus_capability is 7.5)"},
	{`countMatches(MY.RequireGPUs,TARGET.AvailableGPUs) >= RequestGPUs`, met},
	// Numbers are whole or real.
	{`TARGET.Cpus/8.0 > 0.4`, met},
	{`TARGET.Cpus/8 == 0`, met},
	{`TARGET.Cpus*0.3 > 1 && 7.0/2 == 3.5 && 7/2.0 == 3.5 && 7/2 == 3`, met},
	{`GPUs_GlobalMemoryMb/32000 == 0.5`, met}, // it is told as a real number
	{`TARGET.Cpus =?= 4 && TARGET.Cpus =!= 4.0 && TARGET.Cpus == 4.0`, met},
	{`int(7.9)/2 == 3 && real(7)/2 == 3.5 && floor(7.5)/2 == 3 && ceiling(6.5)/2 == 3`, met},
	{`round(2.5) == 2 && round(3.5) == 4`, met},
	{`pow(2, 3)/3 == 2 && pow(2.0, 3)/3 > 2.6 && pow(2, -1) == 0.5`, met},
	{`quantize(7, 4)/3 == 2 && quantize(7.0, 4)/3 > 2.6 && quantize(7, 0) == 7`, met},
	{`-7/2 == -3 && -(7.0)/2 == -3.5`, met},
	{`countMatches(MY.RequireGPUs,TARGET.AvailableGPUs) >= 3`, "countMatches(MY.RequireGPUs,TARGET.AvailableGPUs) >= 3 (gpus is 2, gpus_capability is 7.5)"},
}

// openRows have parts that are left to HTCondor; the rest is judged.
var openRows = []struct{ requirements, unmet string }{
	{`TARGET.Never.Seen`, met},
	{`1.0/0 > 5 || true`, met}, // an error to HTCondor
	{`HasScratch is true`, met},
	{`!HasScratch`, met},
	{`HasScratch || Arch == "aarch64"`, met},
	{`HasScratch && Arch == "aarch64"`, `Arch == "aarch64" (arch is "X86_64")`},
	{`versionGE(split(TARGET.CondorVersion)[1], "8.8.0") && HasCvmfs`, "HasCvmfs (hascvmfs is undefined)"},
	{`time() > 5 && member(Arch, {"a","b"})`, met},
	{`regexp("(?<!x)y", Machine)`, met},
	{`Arch > 3`, met},
}

func rowsJob(requirements string) ad {
	return ad{
		"jobcount": int64(1), "requirements": classad.Compile(requirements), "wants": "cpu,mem", "requestmemory": int64(90000), "requestgpus": int64(1),
		"requiregpus": classad.Compile("Capability >= MinCapability"), "mincapability": 7.0,
	}
}

// requirementOf returns what one job demands; nil is nothing beside amounts.
func requirementOf(job ad) *queue.Requirement {
	whole, ok := job["requirements"].(*classad.Expression)
	if !ok {
		return nil
	}
	out, _ := newRequirementReader(&adTemplate{ad: job}, newDemands()).read(whole.Text(), nil)
	return out.requirement
}

// unmet returns the part of a job's requirements that a machine does not meet.
func unmet(job ad, machine queue.Attributes, free queue.Shape) string {
	r := requirementOf(job)
	if r == nil {
		return met
	}
	return Judge(r, machine, free, plenty).Unmet
}

func TestRequirements(t *testing.T) {
	for _, tt := range slices.Concat(requirementRows, openRows) {
		if got := unmet(rowsJob(tt.requirements), requirementsMachine, requirementsFree); got != tt.unmet {
			t.Errorf("%s: %q, want %q", tt.requirements, got, tt.unmet)
		}
	}
}

func TestAGPUThatIsTooSmall(t *testing.T) {
	job := ad{"jobcount": int64(1), "requirements": classad.Compile("countMatches(MY.RequireGPUs,TARGET.AvailableGPUs) >= 1"), "requiregpus": classad.Compile("GlobalMemoryMb >= 40000")}
	names, _ := classad.Compile("countMatches(MY.RequireGPUs,TARGET.AvailableGPUs) >= 1").MachineNames(job)
	if r := requirementOf(job); !slices.Contains(names, "gpus_globalmemorymb") || r.Amounts {
		t.Errorf("asks the workers for %v, amounts %t", names, r.Amounts)
	}
	for _, tt := range []struct {
		machine queue.Attributes
		want    bool
	}{
		{queue.Attributes{"gpus_globalmemorymb": 80000.0}, true},
		{queue.Attributes{"gpus_globalmemorymb": 16000.0}, false},
		{queue.Attributes{"gpus_globalmemorymb": nil}, true}, // its GPUs differ: not to be known
	} {
		if got := unmet(job, tt.machine, queue.Shape{GPUs: 2}) == ""; got != tt.want {
			t.Errorf("%v: met %t", tt.machine, got)
		}
	}
}

// The workers are asked for what waiting jobs name, and for nothing that a job's
// owner could smuggle into a command.
func TestWorkersAreAskedForWhatJobsName(t *testing.T) {
	f := grouped(t)
	f.queues = `[{"JobCount":1,"JobIds":"1.0","JobStatus":1,"JobUniverse":5,"Requirements":"\/Expr(HasCvmfs && TARGET.Site == \"-pool evil\" && Memory > 3 && ` + "`rm`" + ` && 'x y')\/"}]`
	snapshot(t, f)
	asked := ""
	for _, c := range f.calls {
		if strings.Contains(c.String(), "VmclusterName") {
			asked = c.Args[len(c.Args)-1]
		}
	}
	if !strings.HasSuffix(asked, ",hascvmfs,site") || strings.Contains(asked, "evil") {
		t.Errorf("asked for %q", asked)
	}
}

func TestJobsNameOnlySoMuch(t *testing.T) {
	var names []string
	for i := range 1000 {
		names = append(names, "has"+strconv.Itoa(i))
	}
	fetch, own := attributesOfSlots(append([]string{"arch", "memory", "state"}, names...))
	if len(own) > maxNamed+len(usualAttributes)+2 || len(fetch) > len(own)+len(slotAttributes) {
		t.Errorf("%d attributes are fetched, %d kept", len(fetch), len(own))
	}
	for _, name := range []string{"arch", "memory", "state"} {
		if n := len(slices.DeleteFunc(slices.Clone(fetch), func(f string) bool { return !strings.EqualFold(f, name) })); n != 1 {
			t.Errorf("%s is fetched %d times", name, n)
		}
	}
}

// A condor_q that can not group lists each job by itself, without what its
// requirements name.
func TestAnOlderTool(t *testing.T) {
	f := recorded(t)
	f.ungrouped = true
	s := snapshot(t, f)
	if s.Waiting() != 12 {
		t.Errorf("waiting %d", s.Waiting())
	}
	job := ad{"requirements": classad.Compile("TARGET.Site == MY.WantedSite && TARGET.Cpus >= RequestCpus")}
	if unmet(job, queue.Attributes{"site": "north"}, queue.Shape{Cpus: 1}) != "" {
		t.Error("an attribute that was not fetched is taken for undefined")
	}
}

func FuzzRequirement(f *testing.F) {
	f.Add(`(A && (B || "x\"") && regexp("(", C)) ? 1 : {2}`)
	f.Add(`"\`)
	f.Add(`((A)`)
	f.Add(strings.Repeat("(", 300) + "A" + strings.Repeat(" && b)", 300))
	f.Fuzz(func(t *testing.T, text string) {
		job := ad{"jobcount": int64(1), "requirements": classad.Compile(text), "b": classad.Compile(text)}
		r := requirementOf(job)
		if r == nil {
			return
		}
		size := 0
		for _, c := range r.Clauses {
			size += len(c)
		}
		for name, v := range r.Job {
			size += len(name) + len(v)
		}
		// an attribute counts for each clause that names it, so this is generous
		if size > longestRequirement {
			t.Errorf("a requirement of %d bytes", size)
		}
		for _, steps := range []int{0, 1, 100, plenty} {
			j := Judge(r, queue.Attributes{"a": true, "c": "x"}, queue.Shape{Cpus: 1}, steps)
			if j.Steps > steps || len(j.Unmet) > 8*(longestExcerpt+mostFacts*(longestFact+classad.MaxName)) {
				t.Errorf("%d of %d steps, unmet %q", j.Steps, steps, j.Unmet)
			}
		}
	})
}
