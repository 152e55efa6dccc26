package htcondor

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// within lowers the bounds of what is read for a test.
func within(t *testing.T, ad, all int) {
	t.Helper()
	a, r := longestAd, mostRead
	longestAd, mostRead = ad, all
	t.Cleanup(func() { longestAd, mostRead = a, r })
}

// An ad that is too long costs itself alone, wherever the output is cut into pieces.
func TestAnAdThatIsTooLong(t *testing.T) {
	within(t, 2000, 1<<20)
	for name, long := range map[string]string{
		"text":        `"B":"` + strings.Repeat("x", 200_000) + `"`,
		"quotes":      `"B":"` + strings.Repeat(`}]\",{[`, 30_000) + `"`,
		"backslashes": `"B":"` + strings.Repeat(`\\`, 100_001) + `","C":"\\\""`,
		"nesting":     `"B":` + strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000),
		"attributes":  `"B":1` + strings.Repeat(`,"C":2`, 30_000),
	} {
		text := `[{"ClusterId":1,"ProcId":0,"A":1},{"ClusterId":2,"ProcId":3,` + long + `},{"ClusterId":4,"ProcId":0,"A":"é"}]`
		for way, reader := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "halves": iotest.HalfReader} {
			var read []int
			left := ""
			note := func(label, why string) { left += label + ": " + why + "\n" }
			if err := decode(reader(strings.NewReader(text)), func(a ad) error { read = append(read, a.integer("ClusterId")); return nil }, note); err != nil {
				t.Fatal(name, way, err)
			}
			err := decodeTemplates(reader(strings.NewReader(text)), func(_ *adTemplate, d *delta) error {
				var n int
				_, err := fmt.Sscan(string(d.cluster), &n)
				read = append(read, n)
				return err
			}, note)
			if want := strings.Repeat("2.3: its ad is longer than 0 MiB\n", 2); err != nil || !reflect.DeepEqual(read, []int{1, 4, 1, 4}) || left != want {
				t.Errorf("%s, %s: read %v, left out %q, %v", name, way, read, left, err)
			}
		}
	}
}

// Of an answer that is too long the first part counts.
func TestAnAnswerThatIsTooLong(t *testing.T) {
	within(t, 2<<20, 10_000)
	f := grouped(t)
	var ads []map[string]any
	for i := range 100 {
		ads = append(ads, usualJob(map[string]any{"JobIds": fmt.Sprintf("%d.0", i)}))
	}
	f.queues = queueOf(t, ads...)
	s := snapshot(t, f)
	if n := s.Waiting(); n < 20 || n > 80 || len(s.Skipped) != 1 || s.Skipped[0].Count != 100-n || !strings.Contains(s.Skipped[0].Why, "stands after the first") {
		t.Errorf("%d jobs, skipped %+v", n, s.Skipped)
	}
}

// A slot's ad that cannot be read costs that slot, and is named. One worker can send many
// of these: if most ads cannot be read, the others still count, and the reading is
// partial.
func TestSlotsThatCanNotBeRead(t *testing.T) {
	within(t, 30_000, 256<<20)
	slots := func(good, bad int) string {
		var all []map[string]any
		for i := range good + bad {
			a := map[string]any{"Machine": fmt.Sprintf("w%d.hpc.test", i), "Name": fmt.Sprintf("slot1@w%d", i), "PartitionableSlot": true, "Start": true, "State": "Unclaimed"}
			if i >= good {
				a["Arch"] = strings.Repeat("x", 200_000)
			}
			all = append(all, a)
		}
		raw, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	f := grouped(t)
	f.slots = slots(30, 20)
	s := snapshot(t, f)
	if len(s.Workers) != 30 || len(s.Partial) > 0 || len(s.LeftOut) != mostLeftOut+1 || !strings.Contains(s.LeftOut[0], "longer than") {
		t.Errorf("%d workers, partial %v, left out %q", len(s.Workers), s.Partial, s.LeftOut)
	}
	f.slots = slots(1, 2)
	s = snapshot(t, f)
	if len(s.Workers) != 1 || len(s.Partial) != 1 || !strings.HasPrefix(s.Partial[0], "2 of 3 ads of slots: the ad of slot") {
		t.Errorf("%d workers, partial %q", len(s.Workers), s.Partial)
	}
}

// The name of an access point becomes an argument.
func TestNamesOfAccessPoints(t *testing.T) {
	f := grouped(t)
	f.schedds = `[{"Name":"hcm.hpc.test"},{"Name":"-pool"},{"Name":"a b"},{"Name":"` + strings.Repeat("x", 300) + `"},{"Name":"\u001b[2J"},{"Name":"a\u202eb"}]`
	snapshot(t, f)
	for _, c := range f.calls {
		if strings.Contains(c.Name, "condor_q") && c.Args[1] != "hcm.hpc.test" {
			t.Errorf("%q", c.Args)
		}
	}
}

// FuzzSplitter reads an answer with a piece that may be anything. The ads before it are
// read as they are, in pieces or whole alike.
func FuzzSplitter(f *testing.F) {
	f.Add(`{"B":"}]"}`)
	f.Add(`{"B":"\\"},{"C":[{"D":"\""}]}`)
	f.Add(`{"A":{{{`)
	f.Add(`{"A":"` + strings.Repeat(`\`, 3000) + `"}`)
	f.Fuzz(func(t *testing.T, piece string) {
		a, r := longestAd, mostRead
		longestAd, mostRead = 1000, 1<<20
		defer func() { longestAd, mostRead = a, r }()
		text := `[{"ClusterId":1,"A":1},` + piece + `,{"ClusterId":1,"A":1}]`
		read := func(in io.Reader) (all []string, err error) {
			err = decode(in, func(a ad) error { all = append(all, fmt.Sprint(len(a), a["clusterid"], a["a"])); return nil },
				func(label, why string) {
					if len(label) > 3*longestLabel {
						t.Errorf("a label of %d bytes", len(label))
					}
					all = append(all, "left out")
				})
			return all, err
		}
		all, err := read(strings.NewReader(text))
		pieces, pieceErr := read(iotest.HalfReader(strings.NewReader(text)))
		if len(all) == 0 || all[0] != "2 1 1" {
			t.Errorf("%q: %v, %v", piece, all, err)
		}
		if (err == nil) != (pieceErr == nil) || len(all) != len(pieces) {
			t.Errorf("%q: %v, %v; in pieces %v, %v", piece, all, err, pieces, pieceErr)
		}
		if json.Valid([]byte(text)) && strings.HasPrefix(strings.TrimSpace(piece), "{") && (err != nil || len(all) < 3 || all[len(all)-1] != "2 1 1") {
			t.Errorf("%q: %v, %v", piece, all, err)
		}
	})
}
