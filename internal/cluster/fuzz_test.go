package cluster

import (
	"strings"
	"testing"
)

// A folded list of names is short, and what it unfolds to is bounded.
func FuzzUnfoldNames(f *testing.F) {
	f.Add("cpu[1-3,7],gpu[1]")
	f.Add("cpu[1-100000]" + strings.Repeat(",cpu[1-100000]", 60))
	f.Add("cpu[9223372036854775807-9223372036854775807]")
	f.Fuzz(func(t *testing.T, text string) {
		names, err := UnfoldNames("astro", text)
		if err != nil {
			return
		}
		if len(names) > MaxFolded {
			t.Fatalf("%d names", len(names))
		}
		again, err := UnfoldNames("astro", FoldNames("astro", names))
		if err != nil || len(again) > len(names) {
			t.Errorf("%q: %v, %d names and then %d", text, err, len(names), len(again))
		}
	})
}
