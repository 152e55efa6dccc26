package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// progressStep is how many bytes of a large body lie between two lines of
// progress.
const progressStep = 4 << 20

// impatient is an HTTP transport that gives a request up when nothing arrives
// for a while, be it name, connection, answer or the next byte of the body. It
// prints how a large body comes along.
type impatient struct {
	base     http.RoundTripper
	patience time.Duration
	progress io.Writer
}

// RoundTrip implements http.RoundTripper.
func (t *impatient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	silence := fmt.Errorf("nothing arrived from %s for %s", req.URL.Host, t.patience)
	timer := time.AfterFunc(t.patience, func() { cancel(silence) })
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		timer.Stop()
		err = causeOf(ctx, err)
		cancel(nil)
		return nil, err
	}
	resp.Body = &watchedBody{ReadCloser: resp.Body, t: t, ctx: ctx, cancel: cancel, timer: timer, size: resp.ContentLength}
	return resp, nil
}

// causeOf returns why the request was given up, or else the error itself.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// watchedBody is a response's body under the transport's watch.
type watchedBody struct {
	io.ReadCloser
	t      *impatient
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	read   int64
	size   int64 // -1 where the server does not say it
}

// Read implements io.Reader.
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	before := b.read / progressStep
	b.read += int64(n)
	if b.read/progressStep > before {
		fmt.Fprintf(b.t.progress, "  %s MB\n", b.come())
	}
	switch {
	case err == nil:
		b.timer.Reset(b.t.patience)
	case err != io.EOF:
		err = causeOf(b.ctx, err)
		b.timer.Stop()
	default:
		b.timer.Stop()
	}
	return n, err
}

// come returns how many megabytes have come, and of how many.
func (b *watchedBody) come() string {
	if b.size < 0 {
		return fmt.Sprint(b.read >> 20)
	}
	return fmt.Sprintf("%d of %d", b.read>>20, b.size>>20)
}

// Close implements io.Closer.
func (b *watchedBody) Close() error {
	b.timer.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}
