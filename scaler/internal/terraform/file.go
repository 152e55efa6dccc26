package terraform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// File is the variables file: one variable, a map of group to count and retire.
type File struct {
	Path     string
	Variable string
}

// Read returns the content of the file; nothing if there is no file yet.
func (f File) Read() (map[string]Group, error) {
	raw, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Group{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the variables file: %w", err)
	}
	var content map[string]map[string]Group
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&content); err != nil {
		return nil, fmt.Errorf("read the variables file: %s is none of the scaler's: %w", f.Path, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the variables file: %s is none of the scaler's: something follows its value", f.Path)
	}
	for name := range content {
		if name != f.Variable {
			return nil, fmt.Errorf("read the variables file: %s sets %q, and the scaler would overwrite it: keep the file to the scaler", f.Path, name)
		}
	}
	groups := content[f.Variable]
	for name, g := range groups {
		if g.Count < 0 {
			return nil, fmt.Errorf("read the variables file: %s: group %q has a count of %d", f.Path, name, g.Count)
		}
	}
	if groups == nil {
		groups = map[string]Group{}
	}
	return groups, nil
}

// Write replaces the file as a whole: a reader at that moment, or after a power cut,
// sees the old content or the new one.
func (f File) Write(groups map[string]Group) error {
	raw, err := json.MarshalIndent(map[string]map[string]Group{f.Variable: groups}, "", "  ")
	if err != nil {
		return fmt.Errorf("write the variables file: %w", err)
	}
	folder := filepath.Dir(f.Path)
	temporary, err := os.CreateTemp(folder, "."+filepath.Base(f.Path)+".*")
	if err != nil {
		return fmt.Errorf("write the variables file: %w", err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone after the renaming
	_, err = temporary.Write(append(raw, '\n'))
	err = errors.Join(err, temporary.Chmod(f.mode()), temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), f.Path)
	}
	if err == nil {
		err = syncFolder(folder)
	}
	if err != nil {
		return fmt.Errorf("write the variables file: %w", err)
	}
	return nil
}

// mode returns the mode that an operator has set. Other accounts that apply must be able
// to read a new file.
func (f File) mode() fs.FileMode {
	if info, err := os.Stat(f.Path); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}

func syncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// sharedFile is the file with a lock that is held between reading and writing it.
type sharedFile struct {
	File
	mu sync.Mutex
}

// rewrite replaces the file if its content changes.
func (f *sharedFile) rewrite(change func(was map[string]Group) map[string]Group) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	was, err := f.Read()
	if err != nil {
		return err
	}
	if now := change(was); !equalGroups(was, now) {
		return f.Write(now)
	}
	return nil
}
