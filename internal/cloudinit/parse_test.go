package cloudinit

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// part is a part of user data as cloud-init sees it.
type part struct {
	merge  string
	text   string
	config map[string]any
}

func parse(t *testing.T, userData []byte) []part {
	t.Helper()
	text, err := Text(userData)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatalf("read MIME: %v", err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("Content-Type is %q, %v", kind, err)
	}
	var out []part
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("read part: %v", err)
		}
		if kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); kind != "text/cloud-config" {
			t.Errorf("part has type %q", kind)
		}
		raw, err := io.ReadAll(p)
		if err != nil {
			t.Fatalf("read part: %v", err)
		}
		if p.Header.Get("Content-Transfer-Encoding") == "base64" {
			if raw, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(string(raw), "\n", "")); err != nil {
				t.Fatalf("decode part: %v", err)
			}
		}
		if !bytes.HasPrefix(raw, []byte("#cloud-config\n")) {
			t.Errorf("part starts with %.20q", raw)
		}
		config := map[string]any{}
		if err := yaml.Unmarshal(raw, &config); err != nil {
			t.Fatalf("part is not YAML: %v", err)
		}
		out = append(out, part{merge: p.Header.Get("Merge-Type"), text: string(raw), config: config})
	}
}

// files returns the contents of write_files, decoded, by path.
func files(t *testing.T, config map[string]any) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range config["write_files"].([]any) {
		entry := f.(map[string]any)
		raw, err := base64.StdEncoding.DecodeString(entry["content"].(string))
		if err != nil {
			t.Fatalf("%s: %v", entry["path"], err)
		}
		if entry["encoding"] == "gz+b64" {
			z, err := gzip.NewReader(bytes.NewReader(raw))
			if err != nil {
				t.Fatalf("%s: %v", entry["path"], err)
			}
			if raw, err = io.ReadAll(z); err != nil {
				t.Fatalf("%s: %v", entry["path"], err)
			}
		}
		out[entry["path"].(string)] = string(raw)
	}
	return out
}

// readable shows user data with its files decoded; the node program, which has
// tests of its own, by its name alone.
func readable(t *testing.T, userData []byte) string {
	t.Helper()
	var b strings.Builder
	for i, p := range parse(t, userData) {
		fmt.Fprintf(&b, "=== part %d, merge %q\n", i+1, p.merge)
		if i > 0 {
			b.WriteString(p.text)
			continue
		}
		contents := files(t, p.config)
		for _, f := range p.config["write_files"].([]any) {
			entry := f.(map[string]any)
			name := entry["path"].(string)
			if name == archivePath {
				contents[name] = "(the node program)\n"
			}
			fmt.Fprintf(&b, "--- %s %s\n%s", entry["permissions"], name, contents[name])
			if !strings.HasSuffix(contents[name], "\n") {
				b.WriteString("\n")
			}
		}
		delete(p.config, "write_files")
		rest, err := yaml.Marshal(p.config)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "--- the rest\n%s", rest)
	}
	return b.String()
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (go test -update writes it anew):\n%s", file, got)
	}
}
