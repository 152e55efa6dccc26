package main

import (
	"maps"
	"testing"
)

func TestStates(t *testing.T) {
	type nodes = map[string]string
	for name, c := range map[string]struct {
		servers         nodes
		joined, drained []string
		before, want    nodes
	}{
		"a cluster comes": {
			servers: nodes{"astro-frontend": "build", "astro-cpu-1": "active", "astro-cpu-2": "build"},
			want:    nodes{"astro-frontend": "build", "astro-cpu-1": "active", "astro-cpu-2": "build"},
		},
		"its workers join": {
			servers: nodes{"astro-frontend": "active", "astro-cpu-1": "active", "astro-cpu-2": "active"},
			joined:  []string{"astro-cpu-1", "astro-cpu-2"},
			before:  nodes{"astro-frontend": "active", "astro-cpu-1": "active", "astro-cpu-2": "active"},
			want:    nodes{"astro-frontend": "active", "astro-cpu-1": "joined", "astro-cpu-2": "joined"},
		},
		"one is drained": {
			servers: nodes{"astro-frontend": "active", "astro-cpu-1": "active", "astro-cpu-2": "active"},
			joined:  []string{"astro-cpu-1", "astro-cpu-2"},
			drained: []string{"astro-cpu-2"},
			before:  nodes{"astro-frontend": "active", "astro-cpu-1": "joined", "astro-cpu-2": "joined"},
			want:    nodes{"astro-frontend": "active", "astro-cpu-1": "joined", "astro-cpu-2": "drained"},
		},
		"a destroy deletes the front-end first": {
			servers: nodes{"astro-cpu-1": "active", "astro-cpu-2": "active"},
			before:  nodes{"astro-frontend": "active", "astro-cpu-1": "joined", "astro-cpu-2": "drained"},
			want:    nodes{"astro-cpu-1": "joined", "astro-cpu-2": "drained"},
		},
		"a worker fails": {
			servers: nodes{"astro-cpu-1": "error"},
			before:  nodes{"astro-cpu-1": "joined"},
			want:    nodes{"astro-cpu-1": "error"},
		},
		"a server that is gone leaves the picture": {
			servers: nodes{},
			joined:  []string{"astro-cpu-1"},
			before:  nodes{"astro-cpu-1": "joined"},
			want:    nodes{},
		},
	} {
		if got := states(c.servers, c.joined, c.drained, c.before); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
