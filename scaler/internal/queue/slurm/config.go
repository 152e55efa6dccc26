package slurm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// settled is what the reader needs of slurmctld's configuration.
type settled struct {
	since   time.Time // slurmctld's start
	memory  bool      // memory is given out to jobs
	private bool      // slurmctld hides jobs of others from users that are no operators
}

// config reads slurmctld's configuration. It fails for a cluster that Slurm itself
// scales.
func (r *Reader) config(ctx context.Context) (settled, error) {
	var s settled
	err := r.scontrol(ctx, func(in io.Reader) error {
		v, err := assignments(in)
		if err != nil {
			return err
		}
		if isCalendar(v["BOOT_TIME"]) {
			return errors.New("Slurm's tools print times as dates and not in seconds: they were run without SLURM_TIME_FORMAT=%s; " + //nolint:staticcheck // a name begins it
				"if a script of yours runs them, let it hand the variables SLURM_* on")
		}
		s.since, s.memory = moment(v["BOOT_TIME"]), givesMemory(v["SelectTypeParameters"])
		s.private = strings.Contains(v["PrivateData"], "jobs")
		for _, name := range []string{"SuspendProgram", "ResumeProgram"} {
			if program := v[name]; program != "" && program != "(null)" {
				return fmt.Errorf("Slurm itself scales this cluster: %s is %s; take it out of slurm.conf, or do without this scaler", name, text.Line(program, 100)) //nolint:staticcheck // a name begins it
			}
		}
		return nil
	}, "show", "config")
	return s, err
}

// assignments reads the lines "Name = value" of an output that ends with the state of
// slurmctld.
func assignments(in io.Reader) (map[string]string, error) {
	out, whole := map[string]string{}, false
	lines := bufio.NewScanner(io.LimitReader(in, longestRecord))
	lines.Split(wholeLines)
	for lines.Scan() {
		line := lines.Text()
		whole = whole && strings.TrimSpace(line) == "" || strings.HasPrefix(line, "Slurmctld(")
		name, value, is := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); is && out[name] == "" {
			out[name] = strings.TrimSpace(value)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if !whole || out["ClusterName"] == "" {
		return nil, errors.New("what scontrol prints is no configuration, or breaks off")
	}
	return out, nil
}

// wholeLines is a bufio.SplitFunc. Unlike bufio.ScanLines it does not take the rest of an
// output that breaks off for a line.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	for i, c := range data {
		if c == '\n' {
			return i + 1, data[:i], nil
		}
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errors.New("what scontrol prints breaks off")
	}
	return 0, nil, nil
}
