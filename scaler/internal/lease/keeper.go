package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// ErrLost is the error after another scaler has taken over, or may have.
var ErrLost = errors.New("the lease is lost: another scaler may act")

// Store holds the tags; *openstack.Client satisfies it.
type Store interface {
	Leases(ctx context.Context, serverID string) ([]string, error)
	AddLease(ctx context.Context, serverID, text string) error
	DropLease(ctx context.Context, serverID, text string) error
}

// TTL is how long a lease lasts without a renewal, and so the time after which the other
// scalers notice the death of its holder. It is renewed three times as often.
const TTL = 2 * time.Minute

// callTimeout is the longest time that one renewal waits for the cloud.
const callTimeout = 20 * time.Second

// Keeper takes, renews and releases this scaler's lease.
type Keeper struct {
	store Store
	self  string

	mu      turn   // held during calls to the cloud
	server  string // front-end that the lease is on
	mine    mark   // zero: none
	renewed instant
	lost    chan struct{} // closed when the lease is; nil: none is held
	others  others
	stop    func() // ends the renewals
}

// New returns a keeper. The name is for people; it need not be unique.
func New(store Store, name string) *Keeper {
	return &Keeper{store: store, self: holder(name), others: others{}, mu: make(turn, 1)}
}

// turn is a lock that may be held for long.
type turn chan struct{}

func (t turn) Lock()   { t <- struct{}{} }
func (t turn) Unlock() { <-t }

// holder returns a name that fits a tag and that no other process has.
func holder(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, name)
	return fmt.Sprintf("%.18s-%s", clean, strings.ToLower(rand.Text()[:5]))
}

// Hold implements loop.Lease.
func (k *Keeper) Hold(ctx context.Context, v cluster.View, take bool) (record.Standing, error) {
	fe, ok := v.Nodes.FrontEnd()
	if !ok {
		return record.Standing{}, errors.New("take the lease: there is no front-end that could hold it")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	live, _ := k.others.look(fe.Leases, k.self, now())
	if k.held() && (fe.ID != k.server || !slices.Contains(fe.Leases, k.mine.text()) && !k.renewedSince(ctx)) {
		k.lose()
	}
	switch {
	case k.held():
		return record.Standing{Mine: true}, nil
	case len(live) > 0:
		return k.standing(live), nil
	case !take:
		return record.Standing{}, nil
	}
	return k.take(ctx, fe.ID)
}

func (k *Keeper) standing(live []string) record.Standing {
	return record.Standing{Holder: parse(live[0]).holder, Sure: k.others.sure(live)}
}

func (k *Keeper) held() bool { return k.lost != nil }

// renewedSince reports whether the list that was read is older than a renewal.
func (k *Keeper) renewedSince(ctx context.Context) bool {
	texts, err := k.store.Leases(ctx, k.server)
	return err == nil && slices.Contains(texts, k.mine.text())
}

// take adds the tag, reads the tags of others, and withdraws its own if one lives.
func (k *Keeper) take(ctx context.Context, server string) (record.Standing, error) {
	m := mark{holder: k.self, n: k.mine.n + 1, ttl: TTL}
	if err := k.store.AddLease(ctx, server, m.text()); err != nil {
		return record.Standing{}, fmt.Errorf("take the lease: %w", err)
	}
	texts, err := k.store.Leases(ctx, server)
	live, over := k.others.look(texts, k.self, now())
	if err != nil || len(live) > 0 || !slices.Contains(texts, m.text()) {
		err = errors.Join(err, k.store.DropLease(context.WithoutCancel(ctx), server, m.text()))
		if err != nil {
			return record.Standing{}, fmt.Errorf("take the lease: %w", err)
		}
		if len(live) == 0 {
			return record.Standing{}, nil
		}
		return k.standing(live), nil
	}
	k.server, k.mine, k.renewed, k.lost = server, m, now(), make(chan struct{})
	k.drop(ctx, append(over, k.older(texts)...)) // over all the same, if that fails
	renewing, stop := context.WithCancel(context.Background())
	k.stop = stop
	go k.renewals(renewing) //nolint:contextcheck // until it is released, not until this round is over
	return record.Standing{Mine: true}, nil
}

func (k *Keeper) drop(ctx context.Context, texts []string) {
	for _, text := range texts {
		if k.store.DropLease(ctx, k.server, text) != nil {
			return
		}
	}
}

// older returns our own tags that a renewal has left.
func (k *Keeper) older(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool {
		return parse(text).holder != k.self || text == k.mine.text()
	})
}

// renewals renews beside the rounds, because an action may take longer than the lease.
func (k *Keeper) renewals(ctx context.Context) {
	ticker := time.NewTicker(TTL / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if !k.renew(ctx) {
				return
			}
		}
	}
}

// renew renews, and reports whether the lease is still ours. After a failed call it is,
// until its time is over.
func (k *Keeper) renew(ctx context.Context) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.held() || ctx.Err() != nil {
		return false
	}
	calling, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	overdue := now().atMost(k.renewed) >= TTL-callTimeout // asleep, or cut off: others may act
	texts, err := k.store.Leases(calling, k.server)
	switch {
	case err != nil:
	case overdue || !slices.Contains(texts, k.mine.text()):
		k.lose()
		return false
	default:
		next := mark{holder: k.self, n: k.mine.n + 1, ttl: TTL}
		if err = k.store.AddLease(calling, k.server, next.text()); err == nil {
			k.mine, k.renewed = next, now()
			k.drop(calling, k.older(texts)) // what stays is dropped by the next
		}
	}
	if err != nil && overdue {
		k.lose()
		return false
	}
	return true
}

// lose gives up the lease; its tag expires, if there is one.
func (k *Keeper) lose() {
	close(k.lost)
	k.stop()
	k.lost = nil
}

// While implements loop.Lease.
func (k *Keeper) While(ctx context.Context) (context.Context, context.CancelFunc) {
	k.mu.Lock()
	lost := k.lost
	k.mu.Unlock()
	guarded, cancel := context.WithCancelCause(ctx)
	if lost == nil {
		cancel(ErrLost)
	} else {
		go func() {
			select {
			case <-lost:
				cancel(ErrLost)
			case <-guarded.Done():
			}
		}()
	}
	return guarded, func() { cancel(context.Canceled) }
}

// Release implements loop.Lease.
func (k *Keeper) Release(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.held() {
		return nil
	}
	k.lose()
	texts, err := k.store.Leases(ctx, k.server)
	if err == nil {
		for _, text := range texts {
			if parse(text).holder == k.self {
				err = errors.Join(err, k.store.DropLease(ctx, k.server, text))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("release the lease: %w; it runs out within %s", err, TTL)
	}
	return nil
}
