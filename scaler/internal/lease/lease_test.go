package lease

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTagsFit(t *testing.T) {
	for _, name := range []string{"astro-frontend", "Head.example.org", "a_very_long_name_of_a_machine.example.org", "", "/,:"} {
		m := mark{holder: holder(name), n: 99999999, ttl: longest}
		text := m.text()
		if len("vmcluster-lease:"+text) > 60 || strings.ContainsAny(text, "/,") || parse(text) != m {
			t.Errorf("%q: %q, read as %+v", name, text, parse(text))
		}
	}
	if one, other := holder("a"), holder("a"); one == other {
		t.Error("two processes on one machine have one name")
	}
}

// Each row is a history of the front-end's tags, and those that live at its end.
func TestOthers(t *testing.T) {
	type look struct {
		at    time.Duration
		texts []string
	}
	for _, row := range []struct {
		name    string
		history []look
		live    []string
		over    []string
		sure    bool
	}{
		{"no tags", []look{{0, nil}}, nil, nil, false},
		{"ours is none of another's", []look{{0, []string{"me:1:120"}}}, nil, nil, false},
		{"just seen, and maybe long dead", []look{{0, []string{"a:7:120"}}}, []string{"a:7:120"}, nil, false},
		{"unchanged for less than it holds", []look{{0, []string{"a:7:120"}}, {119 * time.Second, []string{"a:7:120"}}}, []string{"a:7:120"}, nil, false},
		{"unchanged for as long as it holds", []look{{0, []string{"a:7:120"}}, {120 * time.Second, []string{"a:7:120"}}}, nil, []string{"a:7:120"}, false},
		{"renewed before our eyes", []look{{0, []string{"a:7:120"}}, {100 * time.Second, []string{"a:8:120"}}, {200 * time.Second, []string{"a:8:120"}}}, []string{"a:8:120"}, nil, true},
		{"renewed, with the old tag left behind", []look{{0, []string{"a:7:120"}}, {100 * time.Second, []string{"a:7:120", "a:8:120"}}, {130 * time.Second, []string{"a:7:120", "a:8:120"}}}, []string{"a:8:120"}, []string{"a:7:120"}, true},
		{"an absurd duration is not believed", []look{{0, []string{"a:7:99999999"}}, {time.Hour, []string{"a:7:99999999"}}}, nil, []string{"a:7:99999999"}, false},
		{"what can't be read holds for an hour", []look{{0, []string{"?"}}, {time.Hour - time.Second, []string{"?"}}}, []string{"?"}, nil, false},
	} {
		o := others{}
		start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		var live, over []string
		for _, l := range row.history {
			live, over = o.look(l.texts, "me", instant{start.Add(l.at), l.at})
		}
		if !slices.Equal(live, row.live) || !slices.Equal(over, row.over) || o.sure(live) != row.sure {
			t.Errorf("%s: live %v, over %v, sure %t", row.name, live, over, o.sure(live))
		}
	}
}

// A clock that is set forward does not end another's lease, and one that is set back
// does not lengthen our own.
func TestAClockThatIsSet(t *testing.T) {
	start := instant{wall: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	after := func(wall, ran time.Duration) instant { return instant{start.wall.Add(wall), ran} }
	for _, row := range []struct {
		name        string
		at          instant
		otherIsOver bool
		ours        time.Duration // that may have passed
	}{
		{"nothing happened", after(130*time.Second, 130*time.Second), true, 130 * time.Second},
		{"set forward by an hour", after(time.Hour, 10*time.Second), false, time.Hour},
		{"set back by an hour", after(-time.Hour, 130*time.Second), true, 130 * time.Second},
		{"the machine slept", after(time.Hour, 20*time.Second), false, time.Hour},
	} {
		o := others{}
		o.look([]string{"a:7:120"}, "me", start)
		if _, over := o.look([]string{"a:7:120"}, "me", row.at); len(over) == 1 != row.otherIsOver {
			t.Errorf("%s: over %v", row.name, over)
		}
		if got := row.at.atMost(start); got != row.ours {
			t.Errorf("%s: %s may have passed", row.name, got)
		}
	}
}
