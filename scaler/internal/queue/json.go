package queue

import (
	"encoding/json"
	"fmt"
)

// FormatVersion is the version of a snapshot's JSON form. A change that a reader of
// the version before would misunderstand increases it.
const FormatVersion = 1

type plainSnapshot Snapshot // without the methods

type versionedSnapshot struct {
	Version int `json:"version"`
	plainSnapshot
}

// MarshalJSON writes the snapshot in the form of FormatVersion.
func (s Snapshot) MarshalJSON() ([]byte, error) {
	if s.Jobs == nil {
		s.Jobs = []JobGroup{}
	}
	if s.Workers == nil {
		s.Workers = []Worker{}
	}
	return json.Marshal(versionedSnapshot{FormatVersion, plainSnapshot(s)})
}

// UnmarshalJSON reads what MarshalJSON writes. Another version is an error.
func (s *Snapshot) UnmarshalJSON(raw []byte) error {
	var read versionedSnapshot
	if err := json.Unmarshal(raw, &read); err != nil {
		return err
	}
	if read.Version != FormatVersion {
		return fmt.Errorf("the snapshot is of version %d, and this program reads version %d", read.Version, FormatVersion)
	}
	*s = Snapshot(read.plainSnapshot)
	return s.shareRequirements()
}

// shareRequirements makes one value of equal requirements: each is judged once.
func (s *Snapshot) shareRequirements() error {
	known := map[string]*Requirement{}
	for i := range s.Jobs {
		r := s.Jobs[i].Requires
		if r == nil {
			continue
		}
		key, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if known[string(key)] == nil {
			known[string(key)] = r
		}
		s.Jobs[i].Requires = known[string(key)]
	}
	return nil
}
