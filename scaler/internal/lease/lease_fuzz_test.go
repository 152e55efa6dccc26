package lease

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// FuzzTags looks at tags that other programs may have written. Each counts for a bounded
// time, and a good one among them is read as ever.
func FuzzTags(f *testing.F) {
	f.Add("other:3:30")
	f.Add("self:1:30\nother:-1:99999999999\n::\n\x1b[2J:9223372036854775808:1\na:1:-1")
	f.Fuzz(func(t *testing.T, tags string) {
		good := mark{holder: "good", n: 7, ttl: time.Minute}
		if got := parse(good.text()); got != good {
			t.Fatalf("%+v became %+v", good, got)
		}
		o := others{}
		all := append(strings.Split(tags, "\n"), good.text())
		live, over := o.look(all, "self", instant{})
		if len(live)+len(over) > len(all) || len(over) > 0 {
			t.Errorf("%q: %q live, %q are over at once", all, live, over)
		}
		for _, tag := range live {
			m := parse(tag)
			if m.holder == "self" || m.ttl < shortest || m.ttl > longest || utf8.RuneCountInString(m.holder) > longestHolder || text.Clean(m.holder) != m.holder {
				t.Errorf("%q is %+v", tag, m)
			}
		}
		live, over = o.look(all, "self", instant{ran: longest, wall: time.Unix(0, 0).Add(longest)})
		if len(live) > 0 || len(over) == 0 {
			t.Errorf("after %s: %q live, %q over", longest, live, over)
		}
	})
}
