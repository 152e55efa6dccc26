package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// poolVariable names the environment variable with the address of the pool, for the
// played tools.
const poolVariable = "VMCLUSTER_DEMO_POOL"

// call is a run of a tool.
type call struct {
	Tool string
	Args []string
	Env  []string // KEY=VALUE
}

// runAsTool plays a tool of a batch system where this program was started under the
// name of one, and reports whether it was.
func runAsTool() bool {
	tool := filepath.Base(os.Args[0])
	if !isTool(tool) {
		return false
	}
	if err := runTool(call{Tool: tool, Args: os.Args[1:], Env: os.Environ()}); err != nil {
		fmt.Fprintln(os.Stderr, tool+": error:", err)
		os.Exit(1)
	}
	return true
}

// runTool prints the answer of the pool.
func runTool(c call) error {
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("ask the pool: %w", err)
	}
	resp, err := http.Post("http://"+os.Getenv(poolVariable), "application/json", bytes.NewReader(body)) //nolint:gosec,noctx // a listener of the demo's own
	if err != nil {
		return fmt.Errorf("ask the pool: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		words, err := io.ReadAll(resp.Body)
		return errors.Join(errors.New(strings.TrimSpace(string(words))), err)
	}
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}

// install puts the tools into dir, as links to this program.
func (b batchSystem) install(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	for _, tool := range b.tools {
		if err := os.Symlink(self, filepath.Join(dir, tool)); err != nil {
			return fmt.Errorf("install %s: %w", tool, err)
		}
	}
	return nil
}

// serve answers the tools of a batch system until the listener is closed.
func (b batchSystem) serve(ctx context.Context, p *pool) (address string, stop func(), err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen for the pool's tools: %w", err)
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c call
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.mu.Lock()
		text, err := b.answer(p, c, time.Now())
		p.mu.Unlock()
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotImplemented)
			return
		}
		_, _ = io.WriteString(w, text) // a tool that is gone needs no answer
	})}
	go func() { _ = server.Serve(l) }()
	return l.Addr().String(), func() { _ = server.Close() }, nil
}
