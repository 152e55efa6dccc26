package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/opentofu/tofudl"
	"github.com/opentofu/tofudl/mockmirror"
)

// asProgram makes the test binary run as the program itself.
const asProgram = "TOFUDL_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func from(mirror mockmirror.Mirror, key string) []tofudl.ConfigOpt {
	return []tofudl.ConfigOpt{
		tofudl.ConfigAPIURL(mirror.APIURL()), tofudl.ConfigDownloadMirrorURLTemplate(mirror.DownloadMirrorURLTemplate()), tofudl.ConfigGPGKey(key),
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFetchWritesTheVerifiedProgram(t *testing.T) {
	mirror := mockmirror.NewFromBinary(t, []byte("a program"))
	dir := t.TempDir()
	path := filepath.Join(dir, "tofu")
	if err := fetch(t.Context(), "1.0.0", path, from(mirror, mirror.GPGKey())...); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil || string(raw) != "a program" {
		t.Errorf("written: %q, %v", raw, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o755 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if names := files(t, dir); len(names) != 1 {
		t.Errorf("the folder holds %v", names)
	}
}

func TestFetchLeavesNothingBehind(t *testing.T) {
	mirror, other := mockmirror.NewFromBinary(t, []byte("a program")), mockmirror.NewFromBinary(t, []byte("another"))
	for name, c := range map[string]struct{ version, key string }{
		"a release of another signer":      {"1.0.0", other.GPGKey()},
		"a release that does not exist":    {"9.9.9", mirror.GPGKey()},
		"no release is named":              {"", mirror.GPGKey()},
		"a name that is no release at all": {"newest", mirror.GPGKey()},
	} {
		dir := t.TempDir()
		if err := fetch(t.Context(), c.version, filepath.Join(dir, "tofu"), from(mirror, c.key)...); err == nil {
			t.Errorf("%s: no error", name)
		}
		if names := files(t, dir); len(names) > 0 {
			t.Errorf("%s: the folder holds %v", name, names)
		}
	}
}

// The program ends with an error where the network refuses it.
func TestRefusedNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy := "http://" + l.Addr().String()
	if err := l.Close(); err != nil { // from here on connections are refused
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), self, "-version", "1.12.6", "-o", filepath.Join(dir, "tofu"))
	cmd.Env = append(os.Environ(), asProgram+"=1", "HTTPS_PROXY="+proxy, "https_proxy="+proxy, "NO_PROXY=", "no_proxy=")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "connection refused") {
		t.Errorf("%v, want status 1 and the reason:\n%s", err, out)
	}
	if names := files(t, dir); len(names) > 0 {
		t.Errorf("the folder holds %v", names)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// silent is a connection on which the first bytes arrive and then no more.
type silent struct {
	ctx  context.Context
	text io.Reader
}

func (s silent) Read(p []byte) (int, error) {
	if n, err := s.text.Read(p); err == nil {
		return n, nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (silent) Close() error { return nil }

func TestSilenceIsGivenUp(t *testing.T) {
	for name, base := range map[string]roundTripper{
		"no connection": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"no more bytes": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, ContentLength: 9, Body: silent{r.Context(), strings.NewReader("half")}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := http.Client{Transport: &impatient{base: base, patience: patience, progress: io.Discard}}
				resp, err := client.Get("https://example.org/tofu")
				if err == nil {
					_, err = io.ReadAll(resp.Body)
					_ = resp.Body.Close()
				}
				if err == nil || !strings.Contains(err.Error(), "nothing arrived from example.org for 10s") {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}
