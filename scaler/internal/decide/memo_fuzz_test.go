package decide_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/decide"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// FuzzMemos recalls memos of which some may be anything: any account that may write the
// front-end's tags wrote them. What is recalled is within bounds, and a good memo among them is
// recalled as ever, unless another one says the same thing before it.
func FuzzMemos(f *testing.F) {
	w := newWorld(node("astro-cpu-1", 9000), pool("astro-cpu-1", 0, 30), ofFlavor("g1"))
	w.facts.Queue.Workers[0].Total = queue.Shape{Cpus: 4, MemoryMiB: 7900, DiskKiB: 50_000_000, GPUs: 2}
	good := kept(w)
	if len(good) == 0 {
		f.Fatal("nothing is kept")
	}
	f.Add(strings.Join(good, "\n"))
	f.Add(strings.Replace(good[0], ".4.", ".1y2p0ij32e8e7.", 1)) // the largest number
	f.Add("b.a.b.quota.1.zzzzzz\ng.id.1y2p0ij32e8e7\nv.x.y\ng..1\ng.\x1b[2J.1")
	f.Fuzz(func(t *testing.T, text string) {
		doc := w.facts.Cluster.Document
		foreign := strings.Split(text, "\n")
		m := decide.Memory{}.Recall(doc, append(append([]string{}, good...), foreign...), now)
		if want := (decide.Memory{}).Recall(doc, good, now).Learned; !reflect.DeepEqual(m.Learned, want) {
			t.Errorf("learned %v, want %v", m.Learned, want)
		}
		m = decide.Memory{}.Recall(doc, foreign, now)
		for _, l := range m.Learned {
			s := l.Shape
			for _, n := range []int{s.Cpus, s.MemoryMiB, s.DiskKiB, s.GPUs} {
				if n < 0 || n > 1<<40 {
					t.Errorf("a worker has %+v", s)
				}
			}
		}
		for key, b := range m.Breakers {
			if b.Until.After(now.Add(24*time.Hour)) || b.Failures < 1 || doc.Groups[key.Group].Flavor == "" && key.Group != "cpu" && key.Group != "gpu" {
				t.Errorf("pause of %+v: %+v", key, b)
			}
		}
		for id, p := range m.Servers {
			if p.Seen.After(now) || id == "" {
				t.Errorf("server %q: %+v", id, p)
			}
		}
		for _, memo := range m.Memos(doc, nil, foreign, nil, now) {
			if len(memo) > cluster.MaxMemo && memo[0] != 's' {
				t.Errorf("a memo of %d characters: %q", len(memo), memo)
			}
		}
	})
}
