package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
)

// entryName is the only entry in the clouds.yaml that leads through the door.
const entryName = "bench"

// entry is one cloud of a clouds.yaml, with the secret that secure.yaml has for it.
type entry struct {
	values map[string]any
	auth   map[string]any
	trust  *tls.Config // how the cloud's certificates are verified
}

// readEntry reads the entry of that name.
func readEntry(path, name string) (entry, error) {
	e := entry{auth: map[string]any{}}
	all, err := readClouds(path)
	if err != nil {
		return e, err
	}
	e.values = all[name]
	if e.values == nil {
		return e, fmt.Errorf("%s has no entry %q", path, name)
	}
	secret, err := readClouds(filepath.Join(filepath.Dir(path), "secure.yaml"))
	if err != nil && !os.IsNotExist(err) {
		return e, err
	}
	for _, from := range []map[string]any{e.values, secret[name]} {
		auth, _ := from["auth"].(map[string]any)
		for key, value := range auth {
			e.auth[key] = value
		}
	}
	if e.authURL() == "" {
		return e, fmt.Errorf("the entry %q of %s has no auth_url: one that is in a profile can't be used here", name, path)
	}
	return e, e.readTrust()
}

func readClouds(path string) (map[string]map[string]any, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, err
	}
	var file struct {
		Clouds map[string]map[string]any `yaml:"clouds"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("%s is no valid clouds.yaml", path) // the library's words may quote a secret
	}
	return file.Clouds, nil
}

func (e entry) authURL() string { text, _ := e.auth["auth_url"].(string); return text }

// readTrust reads the entry's cacert and verify.
func (e *entry) readTrust() error {
	e.trust = &tls.Config{MinVersion: tls.VersionTLS12}
	if verify, ok := e.values["verify"].(bool); ok && !verify {
		e.trust.InsecureSkipVerify = true
	}
	path, _ := e.values["cacert"].(string)
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the entry's cacert: %w", err)
	}
	e.trust.RootCAs = x509.NewCertPool()
	if !e.trust.RootCAs.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s has no certificate", path)
	}
	return nil
}

// through returns a clouds.yaml with the entry alone, whose clients log in at that
// address.
func (e entry) through(authURL string) ([]byte, error) {
	values, auth := map[string]any{}, map[string]any{}
	for key, value := range e.values {
		values[key] = value
	}
	for key, value := range e.auth {
		auth[key] = value
	}
	auth["auth_url"] = authURL
	delete(values, "cacert") // the door speaks HTTP
	delete(values, "verify")
	delete(values, "profile")
	values["auth"] = auth
	text, err := yaml.Marshal(map[string]any{"clouds": map[string]any{entryName: values}})
	if err != nil {
		return nil, fmt.Errorf("write clouds.yaml: %w", err)
	}
	return text, nil
}
