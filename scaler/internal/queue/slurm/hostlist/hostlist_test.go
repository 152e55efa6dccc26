package hostlist_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm/hostlist"
)

func TestExpand(t *testing.T) {
	for list, want := range map[string]string{
		"w1":                       "w1",
		"w1,w2":                    "w1 w2",
		"a[1-3,7],b[001-003]-x":    "a1 a2 a3 a7 b001-x b002-x b003-x",
		"a[08-11]":                 "a08 a09 a10 a11",
		"a[1,03,003]":              "a1 a03 a003",
		"a[9-11]":                  "a9 a10 a11",
		"a[098-101]":               "a098 a099 a100 a101",
		"[1-2]":                    "1 2",
		"[1-2].example.org":        "1.example.org 2.example.org",
		"w2,w1,w2,w[1-3]":          "w2 w1 w3", // a name that is written again is ignored
		"astro-cpu-1,astro-gpu-12": "astro-cpu-1 astro-gpu-12",
		"a[0]":                     "a0",
		"a[5-5]":                   "a5",
	} {
		got, err := hostlist.Expand(list, 100)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v, want %s", list, got, err, want)
		}
		for _, name := range got {
			if has, err := hostlist.Contains(list, name); !has || err != nil {
				t.Errorf("%s does not contain %s, %v", list, name, err)
			}
		}
		for _, name := range []string{"", "a", "a01", "a4", "a0001", "a12", "b1-x", "b001", "b001-y", "w4", "w01", "W1", "1a", "a-1"} {
			if has, err := hostlist.Contains(list, name); has || err != nil {
				t.Errorf("%s contains %q: %t, %v", list, name, has, err)
			}
		}
	}
}

func TestCount(t *testing.T) {
	for list, want := range map[string]int{"w1": 1, "w1,w2": 2, "a[1-3,7],b": 5, "a[1-999999999999999],b[1-999999999999999]": 50} {
		if got, err := hostlist.Count(list, 50); got != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", list, got, err, want)
		}
	}
}

// A list that cannot be read is an error, which says why; it has no names.
func TestRefused(t *testing.T) {
	for list, want := range map[string]string{
		"":                       "empty name",
		"a,":                     "empty name",
		",a":                     "empty name",
		"a,,b":                   "empty name",
		"a[1-2":                  "without an end",
		"a]1":                    `']'`,
		"a[1-2]]":                `']'`,
		"a[1[2]]":                "several pairs of brackets",
		"rack[1-4]node[1-8]":     "several pairs of brackets",
		"bgp[000x133]":           `"000x133" is no number`,
		"a[]":                    `"" is no number`,
		"a[1,]":                  `"" is no number`,
		"a[1-]":                  `"" is no number`,
		"a[-1]":                  `"" is no number`,
		"a[1-2-3]":               `"2-3" is no number`,
		"a[+1]":                  `"+1" is no number`,
		"a[3-1]":                 "ends before it begins",
		"a[1234567890123456]":    "is no number",
		"a b":                    `' '`,
		"/home/alice/hosts":      `'/'`,
		"^hosts":                 `'^'`,
		"(null)":                 `'('`,
		"a\x00":                  `'\x00'`,
		strings.Repeat("a", 300): "of more than 240 characters",
	} {
		if names, err := hostlist.Expand(list, 100); err == nil || !strings.Contains(err.Error(), want) || names != nil {
			t.Errorf("%s: %v, %v, want %q", list, names, err, want)
		}
		if has, err := hostlist.Contains(list, list); err == nil || has {
			t.Errorf("%s contains itself: %t, %v", list, has, err)
		}
		if n, err := hostlist.Count(list, 10); err == nil || n != 0 {
			t.Errorf("%s has %d names, %v", list, n, err)
		}
	}
}

// A short text may stand for any number of names, and a long one for much work.
func TestBounds(t *testing.T) {
	if names, err := hostlist.Expand("a[1-999999999999999]", 1000); err == nil || names != nil || err.Error() != "the list has more than 1000 names" {
		t.Errorf("%d names, %v", len(names), err)
	}
	if has, err := hostlist.Contains("a[1-999999999999999]", "a123456789"); !has || err != nil {
		t.Errorf("%t, %v", has, err)
	}
	if names, err := hostlist.Expand("a[1-100]", 100); len(names) != 100 || err != nil {
		t.Errorf("%d names, %v", len(names), err)
	}
	for about, list := range map[string]string{
		"too many entries":  strings.TrimSuffix(strings.Repeat("a,", 10_001), ","),
		"too many ranges":   "a[" + strings.TrimSuffix(strings.Repeat("1,", 10_001), ",") + "]",
		"too long":          strings.TrimSuffix(strings.Repeat("a123456789,", 6_000), ","),
		"unclosed brackets": strings.Repeat("[", 60_000),
		"commas":            strings.Repeat(",", 60_000),
	} {
		if has, err := hostlist.Contains(list, "b"); err == nil || has {
			t.Errorf("%s: %t, %v", about, has, err)
		}
	}
}

// FuzzHostlist checks that a list that is expanded contains exactly its names, and that
// the names are a list with the same meaning.
func FuzzHostlist(f *testing.F) {
	for _, list := range []string{"w1", "a[1-3,7],b[001-010]-x", "a[1-999999999999999]", "rack[1-4]node[1-8]", "bgp[000x133]", "a[[1]],", "a[0-0],a[00-09]", "[1-2]3[4]"} {
		f.Add(list, "a1")
	}
	f.Fuzz(func(t *testing.T, list, other string) {
		names, err := hostlist.Expand(list, 300)
		has, containsErr := hostlist.Contains(list, other)
		count, countErr := hostlist.Count(list, 300)
		if (containsErr == nil) != (countErr == nil) || err == nil && containsErr != nil {
			t.Fatalf("%q: %v, %v, %v", list, err, containsErr, countErr)
		}
		if err != nil {
			if names != nil || containsErr != nil && (has || count != 0) {
				t.Fatalf("%q: %v, %t, %d with an error", list, names, has, count)
			}
			return
		}
		if has != slices.Contains(names, other) || count < len(names) || len(names) == 0 {
			t.Fatalf("%q: %v; it contains %q: %t; %d names", list, names, other, has, count)
		}
		for _, name := range names {
			if has, err := hostlist.Contains(list, name); !has || err != nil {
				t.Fatalf("%q does not contain %q, %v", list, name, err)
			}
		}
		again, err := hostlist.Expand(strings.Join(names, ","), 300)
		if err != nil || !slices.Equal(again, names) {
			t.Fatalf("%q: %v became %v, %v", list, names, again, err)
		}
	})
}

func BenchmarkContains(b *testing.B) {
	list := "astro-cpu-[1-200],astro-gpu-[1-50]"
	for i := range b.N {
		if _, err := hostlist.Contains(list, fmt.Sprint("astro-gpu-", i%50)); err != nil {
			b.Fatal(err)
		}
	}
}
