package loop

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// beside runs calls next to the rounds, a few at a time. One round begins a call, a later
// one takes its result, and none waits for it. Its methods may be called at the same time.
type beside[K comparable, V any] struct {
	most    int           // calls under way at the same time
	timeout time.Duration // of one call

	mu    sync.Mutex
	going map[K]context.CancelFunc
	done  map[K]V
	all   sync.WaitGroup
}

// begin begins a call, which outlives ctx and ends with the timeout at the latest. It
// reports false, and begins none, while a call of that key is under way or its result was
// not taken, and while most calls are under way.
func (b *beside[K, V]) begin(ctx context.Context, key K, call func(context.Context) V) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, going := b.going[key]
	_, done := b.done[key]
	if going || done || len(b.going) >= b.most {
		return false
	}
	if b.going == nil {
		b.going, b.done = map[K]context.CancelFunc{}, map[K]V{}
	}
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.timeout)
	b.going[key] = cancel
	b.all.Go(func() {
		v := call(calling)
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.going, key)
		b.done[key] = v
	})
	return true
}

// take returns the results that no earlier call has taken, by their keys.
func (b *beside[K, V]) take() map[K]V {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := maps.Clone(b.done)
	clear(b.done)
	return out
}

// busy reports whether a call is under way, or a result was not taken.
func (b *beside[K, V]) busy() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.going)+len(b.done) > 0
}

// wait waits until no call is under way.
func (b *beside[K, V]) wait() { b.all.Wait() }

// prepare makes what runs beside the rounds, once.
func (s *state) prepare() {
	if s.consoles == nil {
		s.consoles = newConsoles()
		s.remains = &beside[string, collected]{most: remainsTogether, timeout: readTimeout}
		s.reports = &beside[string, reported]{most: 1, timeout: readTimeout}
	}
}

// endBeside ends what runs beside the rounds. Create calls are waited for.
func (l *Loop) endBeside() {
	_ = l.endPosting(&record.Record{}) // logged
	if l.state.consoles != nil {
		l.state.consoles.reading.end()
		l.state.remains.end()
		l.state.reports.end()
	}
}

// end cancels the calls under way and waits until they have returned.
func (b *beside[K, V]) end() {
	b.mu.Lock()
	for _, cancel := range b.going {
		cancel()
	}
	b.mu.Unlock()
	b.all.Wait()
}
