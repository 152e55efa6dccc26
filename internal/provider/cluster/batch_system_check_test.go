package cluster

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/whole"
)

// saidAt returns the places and details of diagnostics.
func saidAt(diags diag.Diagnostics) string {
	var out []string
	for _, d := range diags {
		at := ""
		if p, ok := d.(diag.DiagnosticWithPath); ok {
			at = p.Path().String()
		}
		out = append(out, at+": "+d.Detail())
	}
	return strings.Join(out, "\n")
}

// Each row: own lines of a configuration, and what is wrong with them.
func TestSettingFaults(t *testing.T) {
	const includes = "is no setting (`NAME = value`): includes, conditions and other statements are not possible here."
	for _, row := range []struct {
		lines string
		want  []string
	}{
		{"", nil},
		{"# a comment\n\n  \t\nJOB_DEFAULT = 2\nPriorityType=priority/basic\n", nil},
		{"SCHEDD.MAX_JOBS = 1\nNodeName=x CPUs=4\nDAEMON_LISTS = 1\nX_DAEMON_LIST = 1", nil},
		{"A = DAEMON_LIST = 1", nil},
		{"A = x == 1 && DAEMON_LIST == 2", nil},
		{"A=1 DAEMON_LIST=x", []string{"Line 1 sets DAEMON_LIST, too, which is vmcluster's own: leave it out."}},
		{"A=\"b c\"  B = 2\tdaemon_list += x C=3", []string{"Line 1 sets daemon_list, too, which is vmcluster's own: leave it out."}},
		{"A = 1\nDAEMON_LIST = MASTER\n", []string{"Line 2 sets DAEMON_LIST, which is vmcluster's own: leave it out."}},
		{"\n daemon_list=MASTER", []string{"Line 2 sets daemon_list, which is vmcluster's own: leave it out."}},
		{"MASTER.DAEMON_LIST = MASTER", []string{"Line 1 sets MASTER.DAEMON_LIST, which is vmcluster's own: leave it out."}},
		{"Resume.Program += /bin/x\nDAEMON_LIST += x", []string{
			"Line 1 sets Resume.Program, which is vmcluster's own: leave it out.", "Line 2 sets DAEMON_LIST, which is vmcluster's own: leave it out."}},
		{"include : /etc/passwd", []string{"Line 1 " + includes}},
		{"Include /etc/x=y.conf", []string{"Line 1 " + includes}},
		{"include command : cat /x=y |", []string{"Line 1 " + includes}},
		{"use role : Execute", []string{"Line 1 " + includes}},
		{"if version >= 8.1.6\nA = b\nendif", []string{"Line 1 " + includes, "Line 3 " + includes}},
		{"A @=end\nDAEMON_LIST = x\n@end", []string{
			"Line 1 " + includes, "Line 2 sets DAEMON_LIST, which is vmcluster's own: leave it out.", "Line 3 " + includes}},
		{"= b", []string{"Line 1 " + includes}},
		{"$(A) = b", []string{"Line 1 " + includes}},
		{"A = b \\\nc = d", []string{"Line 1 goes on in the next one: write each setting on one line."}},
		{"DAEMON_\\\nLIST = d", []string{"Line 1 goes on in the next one: write each setting on one line."}},
		{"# comment \\\nA = d", []string{"Line 1 goes on in the next one: write each setting on one line."}},
	} {
		got := settingFaults(row.lines, []string{"DAEMON_LIST", "Resume.Program"})
		if strings.Join(got, "\n") != strings.Join(row.want, "\n") {
			t.Errorf("%q:\n%s\nwant\n%s", row.lines, strings.Join(got, "\n"), strings.Join(row.want, "\n"))
		}
	}
}

func TestCheckBatchSystem(t *testing.T) {
	text := types.StringValue
	for _, row := range []struct {
		name  string
		batch batchSystemModel
		group string
		says  string // place and detail, "" for nothing
	}{
		{"no lines", batchSystemModel{Type: text("htcondor")}, "cpu", ""},
		{"lines", batchSystemModel{Type: text("htcondor"), Config: text("JOB_DEFAULT = 2\n")}, "cpu", ""},
		{"lines that are not known yet", batchSystemModel{Type: text("htcondor"), Config: types.StringUnknown()}, "cpu", ""},
		{"lines of a type that is not known yet", batchSystemModel{Type: types.StringUnknown(), Config: text("CONDOR_HOST = x")}, "cpu", ""},
		{"vmcluster's own", batchSystemModel{Type: text("htcondor"), Config: text("A = b\nCONDOR_HOST = x")}, "cpu",
			"batch_system.config: Line 2 sets CONDOR_HOST, which is vmcluster's own: leave it out."},
		{"where workers look for the front-end", batchSystemModel{Type: text("slurm"), Config: text("MaxArraySize=5\nSlurmctldPort=7000")}, "cpu",
			"batch_system.config: Line 2 sets SlurmctldPort, which is vmcluster's own: leave it out."},
		{"no batch system", batchSystemModel{Type: text("none"), Config: text("A = b")}, "cpu",
			"batch_system.config: There is no batch system: set `type`, or leave `config` out."},
		{"many lines", batchSystemModel{Type: text("htcondor"), Config: text(strings.Repeat("x\n", 50))}, "cpu", "\n40 more lines."},
		{"a name with a meaning", batchSystemModel{Type: text("slurm")}, "default", `workers["default"]: With ` + "`batch_system.type = \"slurm\"`" + ` a group can't have the name "default"`},
		{"a keyword of another batch system", batchSystemModel{Type: text("loadleveler"), Config: text("MAX_JOB_REJECT = 3\nspool = /x")}, "cpu",
			"batch_system.config: Line 2 sets spool, which is vmcluster's own: leave it out."},
		{"a statement with a colon", batchSystemModel{Type: text("loadleveler"), Config: text("START : F")}, "cpu", "batch_system.config: Line 1 is no setting"},
		{"packages of no distribution", batchSystemModel{Type: text("loadleveler"), Install: types.BoolValue(true)}, "cpu",
			"batch_system.install: No distribution has packages of loadleveler: use an image that has them, and leave `install` out."},
		{"packages of a distribution", batchSystemModel{Type: text("slurm"), Install: types.BoolValue(true)}, "cpu", ""},
		{"packages of nothing", batchSystemModel{Type: text("none"), Install: types.BoolValue(true)}, "cpu", ""},
		{"the same elsewhere", batchSystemModel{Type: text("htcondor")}, "default", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := testModel(t)
			m.BatchSystem = row.batch.value()
			m.setGroups(t, map[string]groupModel{row.group: testGroup(1)})
			got := saidAt(m.decoded(t).checkBatchSystem())
			if (got == "") != (row.says == "") || !strings.Contains(got, row.says) {
				t.Errorf("said %q, want %q", got, row.says)
			}
		})
	}
}

// A changed size or configuration makes no node anew, and the generation is another one.
func TestPlanOfAnotherConfiguration(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*model, map[string]groupModel)
		same   bool
	}{
		{"nothing", func(*model, map[string]groupModel) {}, true},
		{"own lines", func(m *model, _ map[string]groupModel) {
			m.BatchSystem = batchSystemModel{Type: types.StringValue("htcondor"), Config: types.StringValue("A = b\n")}.value()
		}, false},
		{"own lines that are known during the apply only", func(m *model, _ map[string]groupModel) {
			m.BatchSystem = batchSystemModel{Type: types.StringValue("htcondor"), Config: types.StringUnknown()}.value()
		}, false},
		{"GPUs", func(_ *model, groups map[string]groupModel) {
			g := groups["cpu"]
			g.GPUs = whole.Value(2)
			groups["cpu"] = g
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, was := testModel(t).with(t, 1), existing(t, "astro-cpu-1")
			groups := map[string]groupModel{"cpu": testGroup(1)}
			row.change(&m, groups)
			m.setGroups(t, groups)
			c := computed(t, m, &was)
			if !c.nodes.Empty() {
				t.Errorf("nodes come or go: %+v", c.nodes)
			}
			if c.redescribed() == row.same {
				t.Errorf("the document changes: %t", c.redescribed())
			}
		})
	}
}

func TestSizesOfAnImportedCluster(t *testing.T) {
	doc := cluster.Document{Groups: map[string]cluster.GroupSpec{
		"cpu": {NodeSpec: cluster.NodeSpec{Flavor: "f2"}, Machine: cluster.Machine{CPUs: 8, MemoryMiB: 16384}},
		"gpu": {NodeSpec: cluster.NodeSpec{Flavor: "f3"}},
	}}
	names := selfResolved([]reference{{kind: kindFlavorSize, name: "f2"}, {kind: kindFlavorSize, name: "f3"}}, doc)
	if len(names) != 1 {
		t.Errorf("resolved %v", names)
	}
	g := testGroup(1)
	g.Flavor = types.StringValue("f2")
	if m := g.machine(names); m != (cluster.Machine{CPUs: 8, MemoryMiB: 16384}) {
		t.Errorf("machine %+v", m)
	}
	g.Flavor = types.StringValue("f3")
	if m := g.machine(names); m != (cluster.Machine{}) {
		t.Errorf("machine %+v of a flavor whose size no document says", m)
	}
}

func TestWaitingText(t *testing.T) {
	for _, row := range []struct {
		jobs cluster.Waiting
		want string
	}{
		{cluster.Waiting{Count: 12, IDs: []string{"17", "18", "19"}}, "12 waiting jobs can run on no other group's workers: 17, 18, 19 and 9 more. "},
		{cluster.Waiting{Count: 2, IDs: []string{"17", "18"}}, "2 waiting jobs can run on no other group's workers: 17, 18. "},
		{cluster.Waiting{Count: 1, IDs: []string{"17"}}, "1 waiting job can run on no other group's workers: 17. "},
		{cluster.Waiting{Count: 5}, "5 waiting jobs can run on no other group's workers. "},
	} {
		if got := waitingText(row.jobs); !strings.HasPrefix(got, row.want) {
			t.Errorf("%+v: %q", row.jobs, got)
		}
	}
}
