package cluster

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func sampleDocument(workers int) Document {
	d := Document{
		Version: documentVersion, ID: "0f8a7f6e-0000-4000-8000-000000000001", Name: "astro", Generation: 7,
		LoginUser: "astro", LoginUID: DefaultLoginUID, BatchSystem: "htcondor", BatchConfig: "A = b\n# größe\n",
		CA:       "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB",
		FrontEnd: FrontEndRecord{Name: "astro-frontend", Address: "10.0.0.2"},
		Groups:   map[string]GroupSpec{"cpu": {NodeSpec: NodeSpec{Image: "i", Flavor: "f", Network: "n", Files: map[string]string{"/etc/motd": "grüße\n"}}, Count: workers, Machine: Machine{CPUs: 8, MemoryMiB: 16384, GPUs: 2}}},
		Batches:  map[string]string{"b1": "ssh-ed25519 AAAA1"},
	}
	for i := range workers {
		d.Workers = append(d.Workers, Member{Name: WorkerName("astro", "cpu", i+1), Address: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), Batch: "b1"})
	}
	return d
}

func TestDocumentRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 60, 3000} {
		d := sampleDocument(n)
		if n == 0 {
			d.Batches = nil
			d.Workers = nil
		}
		items, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range items {
			if len(v) > chunkSize || len(k) > 255 {
				t.Errorf("item %s has %d characters", k, len(v))
			}
		}
		got, err := DecodeDocument(WithDocument(map[string]string{"other": "kept"}, items))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, d) {
			t.Errorf("%d workers: what was read differs from what was written", n)
		}
	}
}

func TestDocumentDropsBatchesNobodyNames(t *testing.T) {
	d := sampleDocument(1)
	d.Batches["old"] = "ssh-ed25519 AAAA0"
	items, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeDocument(items)
	if err != nil {
		t.Fatal(err)
	}
	if _, there := got.Batches["old"]; there || got.Batches["b1"] == "" {
		t.Errorf("batches %v", got.Batches)
	}
	if d.Batches["old"] == "" {
		t.Error("encoding changed the document itself")
	}
}

// A document whose texts people have chosen can be read again, whatever their language.
func TestDocumentOfPeoplesTexts(t *testing.T) {
	d := Document{ID: "c1", Name: "astro", Generation: 1, KeyPair: "clé\u00a0d'été \ue000", OperatorKey: "ssh-ed25519 AAAA ада\u00a0\U0001fae9"}
	items, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeDocument(items); err != nil || got.KeyPair != d.KeyPair || got.OperatorKey != d.OperatorKey {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDocumentTooLarge(t *testing.T) {
	noise := make([]byte, 30000)
	for i := range noise {
		noise[i] = byte('!' + rand.IntN(90))
	}
	d := sampleDocument(1)
	d.Groups["cpu"] = GroupSpec{NodeSpec: NodeSpec{CloudConfig: string(noise)}}
	_, err := d.Encode()
	var tooLarge *DocumentTooLargeError
	if !errors.As(err, &tooLarge) || tooLarge.Size <= tooLarge.Most {
		t.Errorf("error %v", err)
	}
}

func TestDecodeRefusesWhatIsNotWhole(t *testing.T) {
	d := sampleDocument(400)
	items, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(items) < 4 {
		t.Fatalf("%d items, the cases need several chunks", len(items))
	}
	cases := map[string]func(map[string]string){
		"a missing chunk":     func(m map[string]string) { delete(m, documentChunk+"001") },
		"a chunk of another":  func(m map[string]string) { m[documentChunk+"001"] = strings.Repeat("A", chunkSize) },
		"another generation":  func(m map[string]string) { m[documentHead] = strings.Replace(m[documentHead], "7 ", "8 ", 1) },
		"a head in bad words": func(m map[string]string) { m[documentHead] = "seven" },
		"too many chunks":     func(m map[string]string) { m[documentHead] = "7 5000" },
	}
	for name, spoil := range cases {
		m := maps.Clone(items)
		spoil(m)
		if _, err := DecodeDocument(m); err == nil || errors.Is(err, ErrNoDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := DecodeDocument(map[string]string{"other": "x"}); !errors.Is(err, ErrNoDocument) {
		t.Errorf("no document at all: %v", err)
	}
}

func TestWithDocumentReplacesTheOlderOne(t *testing.T) {
	long, err := sampleDocument(3000).Encode()
	if err != nil {
		t.Fatal(err)
	}
	short, err := sampleDocument(1).Encode()
	if err != nil {
		t.Fatal(err)
	}
	got := WithDocument(WithDocument(map[string]string{"other": "kept"}, long), short)
	if got["other"] != "kept" || len(got) != len(short)+1 {
		t.Errorf("%d items, want %d and the other one", len(got), len(short))
	}
}

func BenchmarkDocument(b *testing.B) {
	for _, n := range []int{10, 1000, 3000} {
		b.Run(fmt.Sprintf("workers=%d", n), func(b *testing.B) {
			d := sampleDocument(n)
			size := 0
			for b.Loop() {
				items, err := d.Encode()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := DecodeDocument(items); err != nil {
					b.Fatal(err)
				}
				size = len(items)
			}
			b.ReportMetric(float64(size), "items")
		})
	}
}

func TestEncodeLeavesTheRosterAsItIs(t *testing.T) {
	d := Document{Generation: 1, Workers: []Member{{Name: "a-cpu-2"}, {Name: "a-cpu-1"}}}
	if _, err := d.Encode(); err != nil {
		t.Fatal(err)
	}
	if d.Workers[0].Name != "a-cpu-2" {
		t.Error("the caller's roster was sorted")
	}
}
