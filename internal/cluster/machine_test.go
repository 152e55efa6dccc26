package cluster

import (
	"math"
	"strings"
	"testing"
)

func TestSoundMachine(t *testing.T) {
	for _, row := range []struct{ is, want Machine }{
		{Machine{8, 16384, 2}, Machine{8, 16384, 2}},
		{Machine{}, Machine{}},
		{Machine{-1, 16384, 0}, Machine{0, 16384, 0}},
		{Machine{8, -5, 64}, Machine{8, 0, 64}},
		{Machine{math.MaxInt, math.MaxInt, 65}, Machine{}},
		{Machine{math.MinInt, math.MinInt, math.MinInt}, Machine{}},
	} {
		if got := row.is.Sound(); got != row.want {
			t.Errorf("%+v becomes %+v, want %+v", row.is, got, row.want)
		}
	}
}

// Each row: lines of a batch system's configuration, and a part of what is wrong with them.
func TestCheckBatchConfig(t *testing.T) {
	for _, row := range []struct{ text, wrong string }{
		{"", ""},
		{"A = b\n\tC = \"größe\" # ümlaut\n", ""},
		{strings.Repeat("x", MaxBatchConfig), ""},
		{strings.Repeat("x", MaxBatchConfig+1), "8193 bytes, at most 8192"},
		{"A = b\r\n", "line 1 holds the character U+000D"},
		{"A = b\nC = \x00\n", "line 2 holds the character U+0000"},
		{"A = b\n\nC = \x1b[2J", "line 3 holds the character U+001B"},
		{"A = b\u2028C = d", "line 1 holds the character U+2028"},
		{"A = b\u202ed", "U+202E"},
		{"A = \xff", "not text in UTF-8"},
	} {
		err := CheckBatchConfig(row.text)
		if (err == nil) != (row.wrong == "") || err != nil && !strings.Contains(err.Error(), row.wrong) {
			t.Errorf("%.40q: %v, want %q", row.text, err, row.wrong)
		}
	}
}

// The document of a stranger: a size that no worker has is not known, lines that can't be
// printed make the whole document none of ours.
func TestDocumentOfForeignSizesAndLines(t *testing.T) {
	d := sampleDocument(1)
	d.BatchConfig = "A = b\n"
	cpu := d.Groups["cpu"]
	cpu.Machine = Machine{CPUs: 8, MemoryMiB: -1, GPUs: 1 << 40}
	d.Groups["cpu"] = cpu
	items, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeDocument(items)
	if err != nil || got.BatchConfig != d.BatchConfig || got.Groups["cpu"].Machine != (Machine{CPUs: 8}) {
		t.Errorf("%v: lines %q, machine %+v", err, got.BatchConfig, got.Groups["cpu"].Machine)
	}
	for _, lines := range []string{"A = b\x00", strings.Repeat("A = b\n", MaxBatchConfig)} {
		d.BatchConfig = lines
		items, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeDocument(items); err == nil || !strings.Contains(err.Error(), "batch_config") {
			t.Errorf("%.20q: %v", lines, err)
		}
	}
}

// What is not in a node's hash changes in place.
func TestMachineIsNoPartOfTheHash(t *testing.T) {
	one, other := GroupSpec{NodeSpec: NodeSpec{Flavor: "f"}}, GroupSpec{NodeSpec: NodeSpec{Flavor: "f"}, Machine: Machine{CPUs: 4, GPUs: 1}}
	if one.Hash() != other.Hash() || one.BuildHash() != other.BuildHash() {
		t.Error("a size makes workers outdated")
	}
}
