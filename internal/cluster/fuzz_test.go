package cluster

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A folded list of names is short, and what it unfolds to is bounded.
func FuzzUnfoldNames(f *testing.F) {
	f.Add("cpu[1-3,7],gpu[1]")
	f.Add("cpu[1-100000]" + strings.Repeat(",cpu[1-100000]", 60))
	f.Add("cpu[9223372036854775807-9223372036854775807]")
	f.Fuzz(func(t *testing.T, text string) {
		names, err := UnfoldNames("astro", text)
		if err != nil {
			return
		}
		if len(names) > MaxFolded {
			t.Fatalf("%d names", len(names))
		}
		again, err := UnfoldNames("astro", FoldNames("astro", names))
		if err != nil || len(again) > len(names) {
			t.Errorf("%q: %v, %d names and then %d", text, err, len(names), len(again))
		}
	})
}

// Whatever a person has written into the metadata, what comes out of it are bounded
// lines, and it is written and read again without a change.
func FuzzDecodeDocument(f *testing.F) {
	pack := func(text string) []byte {
		var out bytes.Buffer
		w := zlib.NewWriter(&out)
		if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
			f.Fatal(err)
		}
		return out.Bytes()
	}
	for _, text := range []string{
		`{"version":1,"id":"c1","name":"astro","generation":7,"ca":"ssh-ed25519 AAAA","front_end":{"name":"astro-frontend"},"workers":[{"name":"astro-cpu-1","address":"10.0.0.1"}]}`,
		`{"version":1,"generation":7,"ca":"ssh-ed25519 AAAA\nssh-ed25519 BBBB"}`,
		`{"version":1,"generation":7,"front_end":{"address":"fe80::1%a\nb","coordinator_key":"x\ny"}}`,
		`{"version":1,"generation":7,"workers":[{"name":"a\nb"},{"name":"astro-cpu-1","address":"fe80::1%x y"},{"name":"astro-cpu-1"},{"name":"astro-cpu-1"}]}`,
		`{"version":1,"generation":7,"host_cas":["a\u001b[2J"],"batches":{"b\n":"c"},"signed":[{"number":-1}]}`,
		`{"version":1,"generation":9223372036854775807}`,
		`{"version":1,"generation":7,"batch_config":"A = b\u0000\n"}`,
		`{"version":1,"generation":7,"batch_config":"A = b\n","groups":{"cpu":{"machine":{"cpus":-1,"memory_mib":9223372036854775807,"gpus":65}}}}`,
		`{"version":1,"generation":7,"id":"` + strings.Repeat("a", 1<<20) + `"}`,
	} {
		f.Add(int64(7), pack(text))
	}
	f.Add(int64(7), []byte("x\x9c"))
	f.Add(int64(7), pack(strings.Repeat(" ", 9<<20)))
	f.Fuzz(func(t *testing.T, generation int64, packed []byte) {
		text := base64.StdEncoding.EncodeToString(packed)
		metadata := map[string]string{}
		n := 0
		for len(text) > 0 {
			size := min(chunkSize, len(text))
			metadata[documentChunk+fmt.Sprintf("%03d", n)], text = text[:size], text[size:]
			n++
		}
		metadata[documentHead] = fmt.Sprintf("%d %d", generation, n)
		d, err := DecodeDocument(metadata)
		if err != nil {
			return
		}
		if d.Generation < 0 || d.Generation > MaxGeneration || d.check() != nil {
			t.Errorf("generation %d, %v", d.Generation, d.check())
		}
		for _, m := range d.Workers {
			if strings.ContainsAny(m.Name+m.Address, "\n\r \x1b%") || m.Name == "" {
				t.Errorf("member %+v", m)
			}
		}
		for group, spec := range d.Groups {
			if spec.Machine != spec.Machine.Sound() {
				t.Errorf("group %q has the machine %+v", group, spec.Machine)
			}
		}
		items, err := d.Encode()
		if err != nil {
			return
		}
		again, err := DecodeDocument(items)
		if err != nil || again.CA != d.CA || len(again.Workers) != len(d.Workers) {
			t.Errorf("read again: %v, %+v and then %+v", err, d, again)
		}
	})
}

// Chunks may be missing, or hold anything, and the head any numbers.
func FuzzDocumentChunks(f *testing.F) {
	f.Add("7 1", "eJw=", "")
	f.Add("7 119", "", "")
	f.Add("-1 1", "eJw=", "x")
	f.Add("99999999999999999999 2", "eJw=", "====")
	f.Fuzz(func(t *testing.T, head, first, second string) {
		d, err := DecodeDocument(map[string]string{documentHead: head, documentChunk + "000": first, documentChunk + "001": second})
		if err == nil && d.check() != nil {
			t.Errorf("%+v", d)
		}
	})
}

// Tags and metadata may be any text: nothing of it panics, and a server is a node of a
// cluster only with a tag of ours.
func FuzzTagsAndMetadata(f *testing.F) {
	f.Add("vmcluster:c1", "vmcluster-role:worker", MetaSent, "9223372036854775807")
	f.Add("vmcluster:", "vmcluster-role:", MetaImage, "\n")
	f.Add("vmcluster-memo:x", "vmcluster-lease:y", documentHead, "7 1")
	f.Fuzz(func(t *testing.T, one, two, key, value string) {
		var n Node
		ours := ReadTags(&n, []string{one, two})
		ReadMetadata(&n, map[string]string{key: value})
		if ours && (!strings.HasPrefix(one+two, idTag) && !strings.Contains(one+two, idTag)) {
			t.Errorf("%q and %q make a node", one, two)
		}
		if v, err := ViewOf(Nodes{n}); err == nil && v.HasDocument && v.Document.check() != nil {
			t.Errorf("%+v", v.Document)
		}
		if CheckMetadataKey(key) == nil && strings.HasPrefix(key, MetaPrefix) {
			t.Errorf("%q is taken for a key of the user's", key)
		}
	})
}

// Names are compared consistently, and a group is found only in a name that has it.
func FuzzNames(f *testing.F) {
	f.Add("astro", "astro-cpu-1", "astro-cpu-01")
	f.Add("a", "a-b-9223372036854775808", "a--1")
	f.Add("", "-x-1", "-")
	f.Fuzz(func(t *testing.T, cluster, a, b string) {
		if CompareNames(a, b) != -CompareNames(b, a) || CompareNames(a, a) != 0 {
			t.Errorf("%q and %q have no order", a, b)
		}
		if group := GroupOf(cluster, a); group != "" && !strings.HasPrefix(a, cluster+"-"+group+"-") {
			t.Errorf("%q has the group %q", a, group)
		}
		if CheckClusterName(a) == nil && (len(a) > MaxClusterName || strings.ContainsAny(a, "\n .")) {
			t.Errorf("%q is a name", a)
		}
	})
}

// A fault's words have one kind, whatever they are.
func FuzzFault(f *testing.F) {
	f.Add(403, false, "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances")
	f.Add(500, true, strings.Repeat("volume ", 1000)+"did not finish")
	f.Add(-1, false, "\x1b[2J\xff")
	f.Fuzz(func(t *testing.T, status int, retry bool, message string) {
		if kind := FaultOfAnswer(status, retry, message); kind == "" || FaultOfWords(message) == "" {
			t.Errorf("%d %q has the kind %q", status, message, kind)
		}
	})
}

// A few packed chunks must not stand for more text than a reader has memory for.
func TestADocumentIsNotUnpackedWithoutBounds(t *testing.T) {
	d := Document{ID: "c1", Name: "astro", Generation: 7, Groups: map[string]GroupSpec{"cpu": {NodeSpec: NodeSpec{CloudConfig: strings.Repeat("a", 9<<20)}}}}
	var tooLarge *DocumentTooLargeError
	if _, err := d.Encode(); !errors.As(err, &tooLarge) {
		t.Errorf("a document of 9 MiB is written: %v", err)
	}
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(raw); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(out.Bytes())
	if _, err := DecodeDocument(map[string]string{documentHead: "7 1", documentChunk + "000": text}); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("%d bytes that stand for 9 MiB: %v", len(text), err)
	}
}
