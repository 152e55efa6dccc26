package cluster

import (
	"slices"
	"strings"
	"testing"
)

func TestCheckClusterName(t *testing.T) {
	cases := []struct {
		name string
		ok   bool
	}{
		{"astro", true},
		{"a", true},
		{"astro-2", true},
		{strings.Repeat("a", MaxClusterName), true},
		{strings.Repeat("a", MaxClusterName+1), false}, // its workers' names would be no DNS labels
		{"", false},
		{"Astro", false},
		{"2astro", false},
		{"astro-", false},
		{"-astro", false},
		{"astro_2", false},
		{"astro.lab", false},
		{"ästro", false},
	}
	for _, tc := range cases {
		if err := CheckClusterName(tc.name); (err == nil) != tc.ok {
			t.Errorf("%q: %v, want ok %t", tc.name, err, tc.ok)
		}
	}
	if CheckGroupName(FrontEndGroup) == nil {
		t.Error("a worker group may have the front-end's name")
	}
}

func TestTagsFitNova(t *testing.T) {
	longest := strings.Repeat("c", MaxClusterName)
	for _, tag := range Tags("0f8a7f6e-0000-4000-8000-000000000001", longest, RoleFrontEnd, strings.Repeat("g", MaxGroupName)) {
		if len(tag) > 60 || strings.ContainsAny(tag, "/,") {
			t.Errorf("tag %q does not fit Nova", tag)
		}
	}
	if name := WorkerName(longest, strings.Repeat("g", MaxGroupName), 99999); len(name) > MaxNodeName {
		t.Errorf("%q has %d characters", name, len(name))
	}
}

func TestNextNames(t *testing.T) {
	cases := []struct {
		n     int
		taken []string
		want  []string
	}{
		{0, nil, []string{}},
		{-1, nil, []string{}},
		{2, nil, []string{"a-cpu-1", "a-cpu-2"}},
		{2, []string{"a-cpu-1", "a-cpu-3"}, []string{"a-cpu-2", "a-cpu-4"}}, // lowest free first
		{1, []string{"b-cpu-1", "a-gpu-1"}, []string{"a-cpu-1"}},
	}
	for _, tc := range cases {
		if got := NextNames("a", "cpu", tc.n, tc.taken); !slices.Equal(got, tc.want) {
			t.Errorf("%d names beside %v: %v, want %v", tc.n, tc.taken, got, tc.want)
		}
	}
}

func TestCompareNames(t *testing.T) {
	names := []string{"a-cpu-10", "a-frontend", "a-cpu-2", "a-cpu-1", "a-big-3"}
	slices.SortFunc(names, CompareNames)
	want := []string{"a-big-3", "a-cpu-1", "a-cpu-2", "a-cpu-10", "a-frontend"}
	if !slices.Equal(names, want) {
		t.Errorf("order %v, want %v", names, want)
	}
}

func TestFoldNames(t *testing.T) {
	cases := []struct {
		names  []string
		folded string
	}{
		{nil, ""},
		{[]string{"astro-cpu-1"}, "cpu[1]"},
		{[]string{"astro-cpu-3", "astro-cpu-1", "astro-cpu-2"}, "cpu[1-3]"},
		{[]string{"astro-cpu-1", "astro-cpu-2", "astro-cpu-7", "astro-gpu-1"}, "cpu[1-2,7],gpu[1]"},
		{[]string{"astro-big-mem-4", "astro-cpu-1"}, "big-mem[4],cpu[1]"},
	}
	for _, tc := range cases {
		if got := FoldNames("astro", tc.names); got != tc.folded {
			t.Errorf("fold %v: %q, want %q", tc.names, got, tc.folded)
		}
		back, err := UnfoldNames("astro", tc.folded)
		sorted := slices.SortedFunc(slices.Values(tc.names), CompareNames)
		if err != nil || !slices.Equal(back, sorted) {
			t.Errorf("unfold %q: %v, %v; want %v", tc.folded, back, err, sorted)
		}
	}
	if got := FoldNames("astro", []string{"other-cpu-1", "astro-frontend"}); got != "" {
		t.Errorf("names that are no workers of the cluster: %q", got)
	}
	for _, bad := range []string{"cpu", "cpu[", "cpu[x]", "cpu[3-1]", "cpu[0]", "cpu[1-999999999]", "; rm"} {
		if _, err := UnfoldNames("astro", bad); err == nil {
			t.Errorf("unfold %q: no error", bad)
		}
	}
}

// The group of a worker is read from its name here and nowhere else: a name that
// no worker can have belongs to no group.
func TestGroupOf(t *testing.T) {
	for name, want := range map[string]string{
		"astro-cpu-1":        "cpu",
		"astro-cpu-10":       "cpu",
		"astro-cpu-fast-2":   "cpu-fast",
		"astro-cpu-1-2":      "cpu-1",
		"astro-cpu-01":       "",
		"astro-cpu-0":        "",
		"astro-cpu-+1":       "",
		"astro-cpu-1x":       "",
		"astro-cpu-":         "",
		"astro-cpu":          "",
		"astro-1":            "",
		"astro-frontend":     "",
		"astro":              "",
		"other-cpu-1":        "",
		"astronomy-cpu-1":    "",
		"":                   "",
		"astro-cpu-99999999": "cpu",
	} {
		if got := GroupOf("astro", name); got != want {
			t.Errorf("GroupOf(%q): %q, want %q", name, got, want)
		}
	}
	d := Document{Name: "astro", Groups: map[string]GroupSpec{"cpu": {}}}
	for name, want := range map[string]string{"astro-cpu-7": "cpu", "astro-gpu-7": "", "astro-cpu-07": ""} {
		if got := d.GroupOf(name); got != want {
			t.Errorf("the document's group of %q: %q, want %q", name, got, want)
		}
	}
}
