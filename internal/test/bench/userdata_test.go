package bench_test

import (
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
)

// What the others send is what a worker of ours would be given, not a stub of it.
func TestUserDataIsAWorkers(t *testing.T) {
	raw, err := bench.UserData()
	if err != nil {
		t.Fatal(err)
	}
	text, err := cloudinit.Text(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "Content-Type: multipart/mixed;") || len(raw) < 20_000 {
		t.Errorf("%d bytes that begin with %.40q", len(raw), text)
	}
	t.Logf("%d bytes", len(raw))
}
