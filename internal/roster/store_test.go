package roster

import (
	"context"
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// fakeServer is the metadata of one front-end, with answers that go wrong.
type fakeServer struct {
	metadata map[string]string
	writes   int
	reads    int
	// onWrite is called in place of a write; it reports what the caller gets to hear.
	onWrite func(n int, next map[string]string) error
	// afterRead is called after each read.
	afterRead func(n int)
}

func (f *fakeServer) Metadata(context.Context, string) (map[string]string, error) {
	read := maps.Clone(f.metadata)
	if f.reads++; f.afterRead != nil {
		f.afterRead(f.reads)
	}
	return read, nil
}

func (f *fakeServer) SetMetadata(_ context.Context, _ string, next map[string]string) (map[string]string, error) {
	f.writes++
	if f.onWrite != nil {
		return next, f.onWrite(f.writes, next)
	}
	f.metadata = maps.Clone(next)
	return next, nil
}

func (f *fakeServer) edit(t *testing.T, change func(*cluster.Document)) {
	t.Helper()
	d := f.document(t)
	change(&d)
	d.Generation++
	items, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	f.metadata = cluster.WithDocument(f.metadata, items)
}

func (f *fakeServer) document(t *testing.T) cluster.Document {
	t.Helper()
	d, err := cluster.DecodeDocument(f.metadata)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newServer(t *testing.T) (*fakeServer, Store) {
	t.Helper()
	d := New(sampleSpec(), "ssh-ed25519 CA", 4)
	d.Workers = []cluster.Member{{Name: "astro-cpu-1", Address: "10.0.0.1"}, {Name: "astro-cpu-2", Address: "10.0.0.2"}}
	items, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	items["site"] = "x"
	f := &fakeServer{metadata: items}
	return f, Store{Cloud: f, FrontEnd: "1", Log: func(context.Context, string, ...any) {}}
}

func leave(d *cluster.Document, name string) {
	SetLeaving(d, func(m cluster.Member) cluster.Leaving {
		if m.Name == name {
			return cluster.LeaveIdle
		}
		return m.Leaving
	})
}

var errUnclear = &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: "write metadata", Code: 503, Message: "Service Unavailable"}

// Each row: what happens to the first write, and what the caller and the cloud have
// in the end. Whatever happens, another writer's mark on worker 2 stays.
func TestChangeBesideAnotherWriter(t *testing.T) {
	for _, row := range []struct {
		name       string
		carriedOut bool
		other      bool // another writer marks worker 2 right after the first write
		answer     error
		writes     int
		generation int64
	}{
		{"alone", true, false, nil, 1, 5},
		{"overwritten after the write", true, true, nil, 1, 6},
		{"overwritten by a stale copy", false, true, nil, 2, 6},
		{"carried out without an answer", true, false, errUnclear, 1, 5},
		{"not carried out, without an answer", false, false, errUnclear, 2, 5},
		{"not carried out, and another writer came", false, true, errUnclear, 2, 6},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, store := newServer(t)
				f.onWrite = func(n int, next map[string]string) error {
					if n > 1 || row.carriedOut {
						f.metadata = maps.Clone(next)
					}
					if n > 1 {
						return nil
					}
					if row.other {
						f.edit(t, func(d *cluster.Document) { leave(d, "astro-cpu-2") })
					}
					return row.answer
				}
				marked := 0
				_, err := store.Change(t.Context(), map[string]string{"mark": "1"}, func(d *cluster.Document) error {
					marked++
					before := d.Workers[0].Leaving
					leave(d, "astro-cpu-1")
					if d.Workers[0].Leaving == before {
						return ErrNoChange
					}
					d.Generation++
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				d := f.document(t)
				if f.writes != row.writes || d.Generation != row.generation {
					t.Errorf("%d writes, generation %d; want %d, %d", f.writes, d.Generation, row.writes, row.generation)
				}
				first, _ := d.Member("astro-cpu-1")
				second, _ := d.Member("astro-cpu-2")
				if first.Leaving != cluster.LeaveIdle || (second.Leaving == cluster.LeaveIdle) != row.other {
					t.Errorf("marks: %q, %q", first.Leaving, second.Leaving)
				}
				if f.metadata["site"] != "x" || f.metadata["mark"] != "1" {
					t.Errorf("other items: %v, %v", f.metadata["site"], f.metadata["mark"])
				}
			})
		})
	}
}

func TestAChangeThatAlwaysConflictsEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, store := newServer(t)
		f.onWrite = func(int, map[string]string) error {
			f.edit(t, func(*cluster.Document) {})
			return nil
		}
		_, err := store.Forget(t.Context(), func(m cluster.Member) bool { return m.Name == "astro-cpu-1" })
		if !errors.Is(err, cluster.ErrDocumentConflict) || f.writes != Tries {
			t.Errorf("%d writes, error %v", f.writes, err)
		}
	})
}

// A write is not carried out and gets no answer. During the pause before the next try
// another writer marks worker 2: that mark stays.
func TestAnotherWriterDuringThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, store := newServer(t)
		f.onWrite = func(n int, next map[string]string) error {
			if n == 1 {
				return errUnclear
			}
			f.metadata = maps.Clone(next)
			return nil
		}
		f.afterRead = func(n int) {
			if n == 2 { // the read that shows that the write was not carried out
				f.edit(t, func(d *cluster.Document) { leave(d, "astro-cpu-2") })
			}
		}
		if _, err := store.Forget(t.Context(), func(m cluster.Member) bool { return m.Name == "astro-cpu-1" }); err != nil {
			t.Fatal(err)
		}
		d := f.document(t)
		if second, _ := d.Member("astro-cpu-2"); second.Leaving != cluster.LeaveIdle || len(d.Workers) != 1 {
			t.Errorf("roster %+v", d.Workers)
		}
	})
}

// After the last write there is nothing left to wait for.
func TestAWriteThatNeverSucceedsEndsWithItsLastTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, store := newServer(t)
		var last time.Time
		f.onWrite = func(int, map[string]string) error {
			last = time.Now()
			return errUnclear
		}
		_, err := store.Forget(t.Context(), func(m cluster.Member) bool { return m.Name == "astro-cpu-1" })
		if !errors.Is(err, errUnclear) || f.writes != Tries {
			t.Errorf("%d writes, error %v", f.writes, err)
		}
		if late := time.Since(last); late > 0 {
			t.Errorf("it ended %s after its last write", late)
		}
	})
}

func TestNothingToChangeIsNotWritten(t *testing.T) {
	f, store := newServer(t)
	d, err := store.SetLeaving(t.Context(), func(m cluster.Member) cluster.Leaving { return m.Leaving })
	if err != nil || f.writes != 0 || d.Generation != 4 {
		t.Errorf("%d writes, generation %d, error %v", f.writes, d.Generation, err)
	}
	if _, err := store.Forget(t.Context(), func(m cluster.Member) bool { return m.Name == "astro-cpu-1" }); err != nil || f.document(t).Generation != 5 {
		t.Errorf("generation %d, error %v", f.document(t).Generation, err)
	}
}
