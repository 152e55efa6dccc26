package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
)

// round is a round of the scaler, from the first that asked for a server.
type round struct {
	begin, end time.Time
	cpu        time.Duration // of the scaler without its children
}

func (r round) wall() time.Duration { return r.end.Sub(r.begin) }

// account follows a running scaler: its processor time, and the rounds that it records.
type account struct {
	pid     int
	samples []sample
}

type sample struct {
	at  time.Time
	cpu time.Duration
}

// follow returns the rounds up to the one by whose end all servers were asked for, or
// one more than that may take.
func (a *account) follow(ctx context.Context, decisions string, asked *posts) ([]round, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
		cpu, err := bench.CPUOf(a.pid)
		if err != nil {
			return nil, err
		}
		a.samples = append(a.samples, sample{time.Now(), cpu})
		rounds, err := a.rounds(decisions, asked)
		if err != nil {
			return nil, err
		}
		if n := len(rounds); n > goalRounds || n > 0 && asked.until(rounds[n-1].end) >= scaledTo {
			return rounds, nil
		}
	}
}

// rounds reads the file of decisions.
func (a *account) rounds(decisions string, asked *posts) ([]round, error) {
	text, err := os.ReadFile(decisions)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the scaler's rounds: %w", err)
	}
	var out []round
	for line := range bytes.Lines(text) {
		var r struct {
			Time    time.Time
			Seconds float64
		}
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("read the scaler's rounds: %w", err)
		}
		end := r.Time.Add(time.Duration(r.Seconds * float64(time.Second)))
		if len(out) > 0 || asked.until(end) > 0 {
			out = append(out, round{begin: r.Time, end: end, cpu: a.used(end) - a.used(r.Time)})
		}
	}
	return out, nil
}

// used returns the processor time by the first sample from then on.
func (a *account) used(at time.Time) time.Duration {
	for _, s := range a.samples {
		if !s.at.Before(at) {
			return s.cpu
		}
	}
	return a.samples[len(a.samples)-1].cpu
}
