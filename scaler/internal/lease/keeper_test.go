package lease

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// memory is a server's tags. Calls take time, so that calls of several keepers overlap.
type memory struct {
	mu    sync.Mutex
	texts []string
	takes func() time.Duration
	down  error
	calls int
}

func (m *memory) call() error {
	if m.takes != nil {
		time.Sleep(m.takes())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	return m.down
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

func (m *memory) Leases(context.Context, string) ([]string, error) {
	err := m.call()
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.texts), err
}

func (m *memory) AddLease(_ context.Context, _, text string) error {
	if err := m.call(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.texts = append(m.texts, text)
	return nil
}

func (m *memory) DropLease(_ context.Context, _, text string) error {
	if err := m.call(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.texts = slices.DeleteFunc(m.texts, func(t string) bool { return t == text })
	return nil
}

func (m *memory) view() cluster.View {
	m.mu.Lock()
	defer m.mu.Unlock()
	return cluster.View{Nodes: cluster.Nodes{{ID: "fe", Name: "astro-frontend", Role: cluster.RoleFrontEnd, Status: cluster.StatusActive, Leases: slices.Clone(m.texts)}}}
}

func (k *Keeper) try(t *testing.T, m *memory) bool {
	t.Helper()
	s, err := k.Hold(t.Context(), m.view(), true)
	if err != nil && m.down == nil {
		t.Fatal(err)
	}
	return s.Mine
}

func TestOneHoldsAndTheOtherWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		a, b := New(m, "a"), New(m, "b")
		if !a.try(t, m) {
			t.Fatal("a free lease is not taken")
		}
		time.Sleep(time.Second) // no round begins at the moment of a renewal: its list would be older
		for range 60 {          // ten minutes: it is renewed beside the rounds
			time.Sleep(10 * time.Second)
			if b.try(t, m) || !a.try(t, m) {
				t.Fatal("b took what a holds")
			}
		}
		if s, _ := b.Hold(t.Context(), m.view(), true); !s.Sure || s.Holder != a.self {
			t.Errorf("b says: %+v", s)
		}
		// Three small calls each 40 s, and none in the rounds.
		if n := m.count(); n > 2+3*16 {
			t.Errorf("%d calls in ten minutes", n)
		}
		if err := a.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !b.try(t, m) {
			t.Error("b waits for what was released")
		}
		if err := b.Release(t.Context()); err != nil || len(m.texts) > 0 {
			t.Errorf("%v, left: %v", err, m.texts)
		}
	})
}

// The lease of a killed scaler ends when others have seen it unchanged for its duration,
// neither sooner nor much later.
func TestAKilledScalerIsSucceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{texts: []string{"dead-x7k2p:41:120"}}
		b := New(m, "b")
		start := time.Now()
		for !b.try(t, m) {
			time.Sleep(10 * time.Second)
		}
		if waited := time.Since(start); waited != 2*time.Minute {
			t.Errorf("taken over after %s", waited)
		}
		if len(m.texts) != 1 || parse(m.texts[0]).holder != b.self {
			t.Errorf("tags %v", m.texts)
		}
		_ = b.Release(t.Context())
	})
}

// In whatever order calls of several keepers overlap, two never hold the lease at a
// time, and in the end one does.
func TestNeverTwo(t *testing.T) {
	for seed := range 40 {
		synctest.Test(t, func(t *testing.T) {
			n := uint64(seed)*2654435761 + 1
			var draw sync.Mutex
			m := &memory{takes: func() time.Duration {
				draw.Lock()
				defer draw.Unlock()
				n = n*6364136223846793005 + 1442695040888963407
				return time.Duration(n>>54) * time.Millisecond // up to a second
			}}
			var mu sync.Mutex
			holds := map[string]bool{}
			ever := false
			var wg sync.WaitGroup
			for i := range 3 {
				k := New(m, fmt.Sprint("scaler", i))
				wg.Go(func() {
					for round := range 40 {
						mine := k.try(t, m)
						mu.Lock()
						holds[k.self] = mine
						both := 0
						for _, h := range holds {
							if h {
								both++
							}
						}
						if both > 1 {
							t.Errorf("seed %d, round %d: two hold the lease", seed, round)
						}
						ever = ever || mine
						if mine && round == 20 {
							holds[k.self] = false
							mu.Unlock()
							_ = k.Release(context.Background())
							mu.Lock()
						}
						mu.Unlock()
						draw.Lock()
						n = n*6364136223846793005 + 1442695040888963407
						pause := time.Duration(n>>51) * time.Millisecond
						draw.Unlock()
						time.Sleep(pause)
					}
					mu.Lock()
					holds[k.self] = false
					mu.Unlock()
					_ = k.Release(context.Background())
				})
			}
			wg.Wait()
			if !ever {
				t.Errorf("seed %d: no keeper ever held the lease", seed)
			}
		})
	}
}

// If the cloud does not answer for longer than the lease, actions are cancelled, and
// later the lease is taken again.
func TestCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		a := New(m, "a")
		a.try(t, m)
		action, done := a.While(t.Context())
		defer done()
		m.mu.Lock()
		m.down = errors.New("no route to host")
		m.mu.Unlock()
		time.Sleep(90 * time.Second)
		if action.Err() != nil {
			t.Error("one lost call ends an action")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !errors.Is(context.Cause(action), ErrLost) {
			t.Errorf("the action goes on: %v", context.Cause(action))
		}
		m.mu.Lock()
		m.down = nil
		m.mu.Unlock()
		again := a.try(t, m)
		late, done2 := a.While(t.Context())
		defer done2()
		if !again || late.Err() != nil {
			t.Errorf("taken again: %t, %v", again, late.Err())
		}
		_ = a.Release(t.Context())
	})
}

// Another scaler has taken over while this one slept.
func TestTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		a := New(m, "a")
		a.try(t, m)
		action, done := a.While(t.Context())
		defer done()
		m.texts = []string{"b-11111:1:120"}
		if a.try(t, m) {
			t.Error("it acts on")
		}
		synctest.Wait()
		if action.Err() == nil {
			t.Error("its action goes on")
		}
	})
}

// On a machine that wakes up, the tag still exists, but another scaler may be about to
// drop it: the keeper gives up the lease before it renews.
func TestAwakeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		a := New(m, "a")
		a.try(t, m)
		action, done := a.While(t.Context())
		defer done()
		a.renewed.wall = a.renewed.wall.Add(-TTL) // timers stood still meanwhile
		before := slices.Clone(m.texts)
		if a.renew(t.Context()) || !slices.Equal(m.texts, before) {
			t.Errorf("renewed: %v became %v", before, m.texts)
		}
		synctest.Wait()
		if !errors.Is(context.Cause(action), ErrLost) {
			t.Error("its action goes on")
		}
	})
}
