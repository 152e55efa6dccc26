package queue_test

import (
	"maps"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

func TestLasts(t *testing.T) {
	traits := queuetest.Traits().Attributes
	for _, row := range []struct {
		name  string
		value any
		want  bool
	}{
		{"arch", "X86_64", true},
		{"hascvmfs", nil, true},
		{"machine", "w1.example.org", false},
		{"vmclustername", "w1", false},
		{"loadavg", 0.5, false},
		{"lastheardfrom", 1.0, false},
		{"totalcpus", 4.0, true},
		{"totaljobs", 4.0, false},
		{"scratch", "/x/W1", false},
	} {
		if got := traits.Lasts(row.name, row.value, "w1"); got != row.want {
			t.Errorf("%s = %v: lasts %v, want %v", row.name, row.value, got, row.want)
		}
	}
}

func TestNameNew(t *testing.T) {
	for _, row := range []struct {
		name   string
		traits queue.AttributeTraits
		domain string
		want   queue.Attributes
	}{
		{"all is known", queuetest.Traits().Attributes, "example.org", queue.Attributes{"vmclustername": "w2", "vmclustergroup": "cpu", "machine": "w2.example.org"}},
		{"the domain is not", queuetest.Traits().Attributes, "", queue.Attributes{"vmclustername": "w2", "vmclustergroup": "cpu"}},
		{"a batch system without such attributes", queue.AttributeTraits{}, "example.org", queue.Attributes{}},
	} {
		got := queue.Attributes{}
		row.traits.NameNew(got, "w2", "cpu", row.domain)
		if !maps.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestDomain(t *testing.T) {
	traits := queuetest.Traits().Attributes
	for _, row := range []struct {
		of   queue.Attributes
		want string
		ok   bool
	}{
		{queue.Attributes{"machine": "w1.example.org"}, "example.org", true},
		{queue.Attributes{"machine": "w1"}, "", true},
		{queue.Attributes{"machine": nil}, "", false},
		{queue.Attributes{}, "", false},
	} {
		if got, ok := traits.Domain(row.of); got != row.want || ok != row.ok {
			t.Errorf("%v: %q, %v", row.of, got, ok)
		}
	}
}

func TestIsJobID(t *testing.T) {
	arrays := queue.Traits{JobIDPattern: `[0-9]+(_[0-9]+)?`}
	for _, row := range []struct {
		traits queue.Traits
		word   string
		want   bool
	}{
		{queue.Traits{}, "6.0", true},
		{queue.Traits{}, "6", true},
		{queue.Traits{}, "6_1", true},
		{queue.Traits{}, "6+1", true},
		{queue.Traits{}, "astro-cpu-6", false},
		{queue.Traits{}, "", false},
		{arrays, "6_1", true},
		{arrays, "6_1x", false},
		{arrays, "6.0", false},
		{queue.Traits{JobIDPattern: "("}, "6", false},
	} {
		if got := row.traits.IsJobID(row.word); got != row.want {
			t.Errorf("%q of %q: %v, want %v", row.word, row.traits.JobIDPattern, got, row.want)
		}
	}
}
