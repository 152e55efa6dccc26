package wrong

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// sideBySide has the CLI wait for many clusters at a time.
const sideBySide = "-parallelism=40"

// leastRows is how many rows the table has at least.
const leastRows = 300

func TestWrongInputs(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("a real CLI runs with TF_ACC=1 only")
	}
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			w.judge(t)
		})
	}
}

// The settings of a cloud in reach must not stand in for missing ones.
func TestMain(m *testing.M) {
	for _, setting := range os.Environ() {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "OS_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	os.Setenv("VMCLUSTER_PROGRESS", "off") // of the provider in this process
	os.Exit(m.Run())
}

func TestTableIsLarge(t *testing.T) {
	n, folders := 0, []string{}
	for _, w := range worlds {
		n += len(readRows(t, w.name))
		folders = append(folders, w.name)
	}
	if n < leastRows {
		t.Errorf("%d rows, fewer than %d", n, leastRows)
	}
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(folders, e.Name()) {
			t.Errorf("testdata/%s is no world's", e.Name())
		}
	}
}

// judge has the CLI judge all rows of a world, and compares.
func (w world) judge(t *testing.T) {
	rows := readRows(t, w.name)
	changes := slices.ContainsFunc(rows, func(r *row) bool { return strings.Contains(r.config, "\n"+thenLine+"\n") })
	cloud := w.start(t, changes || w.apply)
	for _, r := range rows {
		r.build(t, cloud.AuthURL())
	}
	begin := stockOf(cloud)
	run := session{cli: newCLI(t, w), frame: frame(cloud), got: map[string][]diagnostic{}, printed: map[string]map[mark]int{}}
	if changes {
		run.makeFirst(t, rows)
	}
	if w.after != nil {
		w.after(cloud)
	}
	left := run.validate(t, rows)
	left = run.plan(t, left)
	if w.apply {
		run.apply(t, left)
	}
	if changes || w.apply {
		run.destroy(t)
	}
	if now := stockOf(cloud); now != begin {
		t.Errorf("left in the cloud: %+v, there was %+v", now, begin)
	}
	run.placeUnplaced(rows)
	for _, r := range rows {
		t.Run(strings.ReplaceAll(r.title, "/", "|"), func(t *testing.T) { r.compare(t, run.got[r.file()], run.printed[r.file()]) })
		delete(run.got, r.file())
	}
	for _, file := range slices.Sorted(maps.Keys(run.got)) {
		for _, d := range run.got[file] {
			t.Errorf("no row has to do with %s", d)
		}
	}
}

// session is a run of the CLI over rows, and what it said, by file.
type session struct {
	cli     *cli
	frame   string
	got     map[string][]diagnostic
	printed map[string]map[mark]int
}

func (s *session) write(t *testing.T, rows []*row, text func(*row) string) {
	t.Helper()
	files := map[string]string{"main.tf": s.frame}
	for _, r := range rows {
		if config := text(r); config != "" {
			files[r.file()] = config
		}
	}
	s.cli.write(t, files)
}

func judged(r *row) string { return r.config }

// hear notes what the CLI said and printed, and returns the rows without an error. A
// warning that the command before has shown already is the same one.
func (s *session) hear(rows []*row, said []diagnostic, printed map[string]map[mark]int) []*row {
	refused := map[string]bool{}
	before := map[string]bool{}
	for _, all := range s.got {
		for _, d := range all {
			before[d.String()] = true
		}
	}
	for _, d := range said {
		refused[d.file()] = refused[d.file()] || d.Severity == "error"
		if !before[d.String()] {
			s.got[d.file()] = append(s.got[d.file()], d)
		}
	}
	for file, marks := range printed {
		if s.printed[file] == nil {
			s.printed[file] = map[mark]int{}
		}
		maps.Copy(s.printed[file], marks)
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r *row) bool { return refused[r.file()] })
}

func (s *session) validate(t *testing.T, rows []*row) []*row {
	t.Helper()
	s.write(t, rows, judged)
	return s.hear(rows, s.cli.validate(t), s.cli.printed(t, "validate"))
}

func (s *session) plan(t *testing.T, rows []*row) []*row {
	t.Helper()
	s.write(t, rows, judged)
	return s.hear(rows, s.cli.stream(t, "plan", "-json", "-lock=false", sideBySide), s.cli.printed(t, "plan", "-lock=false", sideBySide))
}

// apply applies rows; what it prints for people is what its JSON says, as an apply can't
// be had twice.
func (s *session) apply(t *testing.T, rows []*row) {
	t.Helper()
	s.write(t, rows, judged)
	s.hear(rows, s.cli.stream(t, "apply", "-json", "-auto-approve", sideBySide), nil)
}

// makeFirst applies the first configurations of the rows that have two.
func (s *session) makeFirst(t *testing.T, rows []*row) {
	t.Helper()
	s.write(t, rows, func(r *row) string { return r.before })
	for _, d := range s.cli.stream(t, "apply", "-json", "-auto-approve", sideBySide) {
		if d.Severity == "error" {
			t.Fatal(d)
		}
	}
}

func (s *session) destroy(t *testing.T) {
	t.Helper()
	s.write(t, nil, judged)
	for _, d := range s.cli.stream(t, "apply", "-json", "-auto-approve", sideBySide) {
		t.Error(d)
	}
}

// placeUnplaced gives each diagnostic without a file to the row that expects one
// nowhere and whose pieces it has.
func (s *session) placeUnplaced(rows []*row) {
	s.got[""] = slices.DeleteFunc(s.got[""], func(d diagnostic) bool {
		for _, r := range rows {
			lacks := func(piece string) bool { return !strings.Contains(d.text(), piece) }
			if r.want[mark{d.Severity, 0}] > 0 && !slices.ContainsFunc(r.says, lacks) {
				s.got[r.file()] = append(s.got[r.file()], d)
				return true
			}
		}
		return false
	})
}

// compare holds what the CLI said of a row against what it has to say.
func (r *row) compare(t *testing.T, said []diagnostic, printed map[mark]int) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: "+format, append([]any{r.source}, args...)...)
	}
	places, texts := map[mark]int{}, map[string]bool{}
	var whole []string
	for _, d := range said {
		places[mark{d.Severity, d.line()}]++
		whole = append(whole, d.text())
		for _, fault := range wordFaults(d) {
			fail("%s", fault)
		}
		if texts[d.text()] {
			fail("said twice: %s", d.Summary)
		}
		texts[d.text()] = true
	}
	if !maps.Equal(places, r.want) {
		fail("diagnostics at %v, want %v", places, r.want)
	}
	for m, n := range printed {
		if m.severity == "error" && r.want[m] != n {
			fail("the text for people names line %d for %d errors, want %d", m.line, n, r.want[m])
		}
	}
	for _, piece := range r.says {
		if !strings.Contains(strings.Join(whole, "\n"), piece) {
			fail("no diagnostic says: %s", piece)
		}
	}
	if t.Failed() {
		for _, d := range said {
			t.Logf("said: %s", d)
		}
		t.Logf("of %s:\n%s", r.file(), r.config)
	}
}
