package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/record"
)

// File is an open file of decisions. It implements loop.Recorder. Without a path it
// discards records. It is safe for concurrent use, also by several processes that
// append to one file.
type File struct {
	mu     sync.Mutex
	path   string
	f      *os.File
	facts  bool
	notes  notes // of the latest line that was written
	limit  int64 // size of the file from which on it is thinned
	thinAt int64
}

// Open opens the file of that path to append records. With facts, each line also has
// its round's input, so that the round can be decided again.
func Open(path string, facts bool) (*File, error) {
	f := &File{limit: mostBytes}
	return f, f.Reopen(path, facts)
}

// Reopen continues in the file of that path, which is created if it does not exist,
// as after a rotation. If that fails, the old file stays in use.
func (d *File) Reopen(path string, facts bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reopen(path, facts)
}

func (d *File) reopen(path string, facts bool) error {
	var opened *os.File
	if path != "" {
		var err error
		if opened, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
			return fmt.Errorf("open the file of decisions: %w", err)
		}
	}
	old := d.f
	d.path, d.f, d.facts, d.notes, d.thinAt = path, opened, facts, notes{}, d.limit
	if old == nil {
		return nil
	}
	if err := old.Close(); err != nil {
		return fmt.Errorf("close the file of decisions: %w", err)
	}
	return nil
}

// Record appends a record. It implements loop.Recorder. Where the file has become
// large, it thins the file first.
func (d *File) Record(r record.Record) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.f == nil {
		return nil
	}
	unlock, size, err := d.lock()
	if err != nil {
		return err
	}
	if d.facts || size < d.thinAt {
		defer unlock()
		return d.append(r)
	}
	thinned := d.thin(r.Time)
	unlock()
	if thinned != nil {
		d.thinAt = size + d.limit/4 // until then, the file only grows
	}
	unlock, size, err = d.lock()
	if err != nil {
		return errors.Join(thinned, err)
	}
	defer unlock()
	d.thinAt = max(d.thinAt, size+d.limit/20)
	return errors.Join(thinned, d.append(r))
}

func (d *File) append(r record.Record) error {
	var line bytes.Buffer
	var err error
	if d.facts {
		err = record.WriteLine(&line, wholeLine{Record: r, Input: r.Input})
	} else {
		err = record.WriteLine(&line, d.notes.shorten(r))
	}
	if err == nil {
		if _, err = d.f.Write(line.Bytes()); err != nil {
			err = fmt.Errorf("write to the file of decisions: %w", err)
		}
	}
	if d.facts || err != nil {
		d.notes = notes{} // the next line does not refer to this one
	}
	return err
}

// lock takes the file for this process alone, and returns its size. A file that another
// process has thinned or rotated is opened anew. What is not a regular file, such as a
// pipe, has no lock and the size 0; so has a file that others do not let go of, or whose
// file system has no locks.
func (d *File) lock() (unlock func(), size int64, err error) {
	none := func() {}
	for range lockTries {
		f := d.f
		info, err := f.Stat()
		if err != nil {
			return nil, 0, fmt.Errorf("look at the file of decisions: %w", err)
		}
		if !info.Mode().IsRegular() {
			return none, 0, nil
		}
		switch locked, busy := tryLock(f); {
		case busy:
			time.Sleep(lockPause) //nolint:forbidigo // a record has no context, and the tries are counted
			continue
		case !locked: // a file system without locks
			return none, 0, nil
		}
		unlock = func() { _ = flock(int(f.Fd()), syscall.LOCK_UN) } // closing the file unlocks it, too
		if size, same := sizeOf(d.path, info); same {
			return unlock, size, nil
		}
		unlock()
		if !d.follow() {
			break
		}
	}
	return none, 0, nil
}

// follow opens the file of the path anew, and reports whether it could. If not, the old
// file stays in use.
func (d *File) follow() bool { return d.reopen(d.path, d.facts) == nil }

// sizeOf returns the size of a path's file, and whether that is the opened file.
func sizeOf(path string, opened os.FileInfo) (size int64, same bool) {
	named, err := os.Stat(path)
	if err != nil || !os.SameFile(opened, named) {
		return 0, false
	}
	return named.Size(), true
}

var flock = syscall.Flock

// tryLock locks a file for this process alone. It reports whether it did, and whether
// another process has the file now.
func tryLock(f *os.File) (locked, busy bool) {
	err := flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return err == nil, errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR)
}

// A process holds the lock while it writes a line, or for some seconds while it thins
// the file.
const (
	lockTries = 2000
	lockPause = 10 * time.Millisecond
)

// thin replaces the file by a thinned one. The caller holds the lock of the old file.
// A crash leaves either of the two.
func (d *File) thin(now time.Time) error {
	if err := replace(d.path, d.limit, now); err != nil {
		return fmt.Errorf("thin the file of decisions: %w", err)
	}
	return d.reopen(d.path, d.facts)
}

func replace(path string, limit int64, now time.Time) (err error) {
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was only read
	info, err := from.Stat()
	if err != nil {
		return err
	}
	to, err := os.OpenFile(path+".thinned", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = to.Chown(int(owner.Uid), int(owner.Gid)) // an account that can't give files away keeps it
	}
	err = to.Chmod(info.Mode().Perm()) // those who could read the file still can
	if err = errors.Join(err, write(from, to, limit, now), to.Sync(), to.Close()); err == nil {
		err = os.Rename(to.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(to.Name()))
	}
	return nil
}

// Close closes the file. Records after that are discarded.
func (d *File) Close() error { return d.Reopen("", false) }
