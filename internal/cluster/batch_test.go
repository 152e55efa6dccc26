package cluster

import (
	"strings"
	"testing"
)

// sampleCA is a public key that ssh-keygen has made.
const sampleCA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4JYiw85eBQZ2ZLzUJTr2qOGWVBvd1A6dpcCDTRdNhG"

func TestABatchsCAProvesItsID(t *testing.T) {
	id := BatchID(sampleCA)
	if len(id) != 12 || strings.ToLower(id) != id {
		t.Fatalf("ID %q", id)
	}
	other := strings.Replace(sampleCA, "NhG", "NhH", 1)
	for what, row := range map[string]struct {
		batch, text string
		good        bool
	}{
		"its own":                      {id, sampleCA, true},
		"none":                         {id, "", false},
		"another batch's":              {id, other, false},
		"of another batch":             {BatchID(other), sampleCA, false},
		"without an ID":                {"", sampleCA, false},
		"with a comment":               {BatchID(sampleCA + " x"), sampleCA + " x", false},
		"with options":                 {BatchID("restrict " + sampleCA), "restrict " + sampleCA, false},
		"two lines":                    {BatchID(sampleCA + "\n" + sampleCA), sampleCA + "\n" + sampleCA, false},
		"a line's end":                 {BatchID(sampleCA + "\n"), sampleCA + "\n", false},
		"another type in the same key": {BatchID("ssh-rsa" + sampleCA[11:]), "ssh-rsa" + sampleCA[11:], false},
		"too short":                    {BatchID(sampleCA[:len(sampleCA)-4]), sampleCA[:len(sampleCA)-4], false},
		"no base64":                    {BatchID(sampleCA[:len(sampleCA)-1] + "*"), sampleCA[:len(sampleCA)-1] + "*", false},
		"no key in it":                 {BatchID("ssh-ed25519 " + strings.Repeat("A", 68)), "ssh-ed25519 " + strings.Repeat("A", 68), false},
	} {
		got := ReadBatchCA(row.batch, row.text)
		if want := map[bool]string{true: row.text}[row.good]; got != want {
			t.Errorf("%s: %q", what, got)
		}
	}
	var n Node
	ReadMetadata(&n, map[string]string{MetaBatch: id, MetaBatchCA: sampleCA})
	if n.Batch != id || n.BatchCA != sampleCA {
		t.Errorf("read from metadata: %q, %q", n.Batch, n.BatchCA)
	}
}

// Whatever stands in the metadata, what is read of it is one line, of one length, and the
// same again.
func FuzzBatchCA(f *testing.F) {
	f.Add(sampleCA)
	f.Add(sampleCA + "\n@cert-authority * " + sampleCA)
	f.Add("ssh-ed25519 " + strings.Repeat("=", 68))
	f.Fuzz(func(t *testing.T, text string) {
		ca := ReadBatchCA(BatchID(text), text)
		if ca != "" && (ca != text || len(ca) != len(sampleCA) || strings.ContainsAny(ca, "\r\n\t")) {
			t.Errorf("%q is taken as %q", text, ca)
		}
	})
}
