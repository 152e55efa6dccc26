package loadleveler

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/command"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Options say how LoadLeveler's tools are run.
type Options struct {
	Bin    string // directory of llq, llclass and llstatus; "" means the search path
	Runner command.Runner
}

// Reader reads one LoadLeveler cluster.
type Reader struct{ o Options }

// New returns a Reader.
func New(o Options) *Reader { return &Reader{o: o} }

var (
	_ queue.Reader = (*Reader)(nil)
	_ queue.Finder = (*Reader)(nil)
)

// environment makes the tools print times in one time zone and words in one language.
var environment = []string{"TZ=UTC0", "LC_ALL=C"}

// inherited are the variables by which the tools find their configuration.
var inherited = []string{"LOADL_CONFIG"}

// run runs a tool. An error has the tool's own words, wherever it printed them, and says
// what to do about it.
func (r *Reader) run(ctx context.Context, tool string, args []string, consume func(io.Reader) error) error {
	c := command.Command{Name: path.Join(r.o.Bin, tool), Args: args, Env: environment, Inherit: inherited}
	var printed beginning
	err := r.o.Runner.Run(ctx, c, func(out io.Reader) error { return consume(io.TeeReader(out, &printed)) })
	var failed *command.Error
	if errors.As(err, &failed) && strings.TrimSpace(failed.Stderr) == "" {
		failed.Stderr = text.Line(printed.complaint(), longestComplaint)
	}
	return advised(err)
}

// Bounds of what is kept of an output for an error, in bytes.
const (
	longestBeginning = 4 << 10
	longestComplaint = 400
)

// beginning keeps the first bytes that are written to it.
type beginning struct{ kept []byte }

// Write implements io.Writer. It never fails.
func (b *beginning) Write(p []byte) (int, error) {
	if room := longestBeginning - len(b.kept); room > 0 {
		b.kept = append(b.kept, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

// complaint returns the lines in which a tool speaks of itself: "llq: 2539-457 …".
func (b *beginning) complaint() string {
	var lines []string
	for line := range strings.Lines(string(b.kept)) {
		if message.MatchString(line) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, " ")
}
