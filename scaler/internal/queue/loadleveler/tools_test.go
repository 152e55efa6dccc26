package loadleveler

import (
	"path"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// printed is what the tools print in one state of a cluster, each a file of testdata, or
// the text itself if it has a line break or is empty.
type printed struct {
	llq, rows, long, classes, states, resources, machines string
}

// in returns what the tools print in a folder of testdata.
func in(folder string) printed {
	f := func(name string) string { return path.Join(folder, name) }
	return printed{f("llq.txt"), f("llq-r.txt"), f("llq-l.txt"), f("llclass-l.txt"), f("llstatus-r.txt"), f("llstatus-res.txt"), f("llstatus-l.txt")}
}

// without returns what the tools print of an empty queue on the same machines.
func (p printed) without() printed {
	p.llq, p.rows, p.long = "none.txt", "none.txt", "none.txt"
	return p
}

// content returns what is printed of one of the fields.
func content(t *testing.T, field string) string {
	t.Helper()
	if field == "" || strings.Contains(field, "\n") {
		return field
	}
	return queuetest.File(t, "testdata/"+field)
}

// tools answers as the tools did.
func (p printed) tools(t *testing.T) *queuetest.Tools {
	t.Helper()
	var tools queuetest.Tools
	for _, a := range []struct {
		to   []string
		text string
	}{
		{[]string{"llq", "-r"}, p.rows}, {[]string{"llq", "-l"}, p.long}, {[]string{"llq"}, p.llq}, {[]string{"llclass", "-l"}, p.classes},
		{[]string{"llstatus", "-r"}, p.states}, {[]string{"llstatus", "-R"}, p.resources}, {[]string{"llstatus", "-l"}, p.machines},
	} {
		answer := queuetest.Answer{To: a.to, Stdout: content(t, a.text)}
		answer.Failed = strings.HasPrefix(answer.Stdout, "failed\n")
		answer.Stdout = strings.TrimPrefix(answer.Stdout, "failed\n")
		tools.Answers = append(tools.Answers, answer)
	}
	return &tools
}

// read returns what a reader reads.
func read(t *testing.T, run command.Runner) queue.Snapshot {
	t.Helper()
	s, err := queue.Cleaned(New(Options{Runner: run})).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
