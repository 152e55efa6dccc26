package pooltest

import (
	"strings"
	"testing"
)

// The tests that need a real pool are not part of make test; what they write there is.
func TestConfigurationOfEachRole(t *testing.T) {
	t.Parallel()
	for node, want := range map[string]string{"front-end": "SCHEDD", "astro-cpu-1": "server-of-astro-cpu-1"} {
		text, err := Configuration(t.Context(), node, "pool.example", "manager.example")
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{want, "pool.example", "manager.example"} {
			if !strings.Contains(text, part) {
				t.Errorf("the configuration of %s lacks %q:\n%s", node, part, text)
			}
		}
	}
}
