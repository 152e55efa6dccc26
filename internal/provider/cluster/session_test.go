package cluster

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// Two resources of one name would each take the other's servers for leftovers.
func TestSessionGivesANameOnce(t *testing.T) {
	c := NewSession(nil)
	c.foundFree("astro", time.Now())
	if free, err := c.claim("astro", time.Now()); err != nil || !free {
		t.Errorf("first: free %t, %v", free, err)
	}
	if _, err := c.claim("astro", time.Now()); err == nil {
		t.Error("the name is given twice")
	}
	c.foundFree("nebula", time.Now())
	if free, err := c.claim("nebula", time.Now().Add(freshness)); err != nil || free {
		t.Errorf("after a while: free %t, %v", free, err)
	}
	if free, err := c.claim("comet", time.Now()); err != nil || free {
		t.Errorf("never looked for: free %t, %v", free, err)
	}
}

// Two workspaces of one directory are two places.
func TestCreatedByDistinguishesWorkspaces(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TF_WORKSPACE", "")
	t.Setenv("TF_DATA_DIR", "")
	first := CreatedBy("astro")
	if err := os.MkdirAll(".terraform", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(".terraform/environment", []byte("default"), 0o600); err != nil {
		t.Fatal(err)
	}
	if CreatedBy("astro") != first {
		t.Error("the default workspace is another place once it is written down")
	}
	if err := os.WriteFile(".terraform/environment", []byte("test"), 0o600); err != nil {
		t.Fatal(err)
	}
	second := CreatedBy("astro")
	t.Setenv("TF_WORKSPACE", "live")
	if third := CreatedBy("astro"); second == first || third == first || third == second {
		t.Error("two workspaces have one fingerprint")
	}
}

// A destroy takes the servers of a create of the same name for leftovers, and the other
// way round: they run one after the other.
func TestSessionChangesANameOneAtATime(t *testing.T) {
	s := NewSession(nil)
	first, err := s.alone(t.Context(), "astro")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := s.alone(t.Context(), "nebula"); err != nil {
		t.Errorf("another name: %v", err)
	} else {
		other()
	}
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.alone(hurried, "astro"); !errors.Is(err, context.Canceled) {
		t.Errorf("while the first one runs: %v", err)
	}
	first()
	second, err := s.alone(t.Context(), "astro")
	if err != nil {
		t.Fatalf("after the first one: %v", err)
	}
	second()
}
