package loop_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// waiting is a queue that answers when it is too late.
type waiting struct{}

func (waiting) Read(ctx context.Context) (queue.Snapshot, error) {
	<-ctx.Done()
	return queue.Snapshot{}, ctx.Err()
}

// Who stops the scaler while it reads finds no error in its log.
func TestStoppedWhileItReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoop(newSim(), 1)
		l.Queue = waiting{}
		out := logged(l)
		running(t, l, 5*time.Second)
		if text := out.String(); strings.Contains(text, "[ERROR]") || !strings.Contains(text, "stopped") {
			t.Errorf("the log:\n%s", text)
		}
	})
}
