// Tofudl downloads a release of OpenTofu, verifies its signature with OpenTofu's
// own library, and writes the program to a file. It is a module of its own so
// that nothing else depends on that library.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/opentofu/tofudl"
)

// patience is how long the download waits for a connection, and later for the
// next byte.
const patience = 10 * time.Second

func main() {
	version := flag.String("version", "", "release to download, as in 1.12.6")
	out := flag.String("o", "tofu", "`file` to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := fetch(ctx, *version, *out); err != nil {
		fmt.Fprintln(os.Stderr, "tofudl:", err)
		os.Exit(1)
	}
}

// fetch writes the verified program of a release to the file out, whole or not
// at all. More options take the place of OpenTofu's servers and signing key.
func fetch(ctx context.Context, version, out string, options ...tofudl.ConfigOpt) error {
	if version == "" {
		return errors.New("no version is named")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	client := &http.Client{Transport: &impatient{base: transport, patience: patience, progress: os.Stderr}}
	downloader, err := tofudl.New(append(options, tofudl.ConfigHTTPClient(client))...)
	if err != nil {
		return fmt.Errorf("prepare the download: %w", err)
	}
	program, err := downloader.Download(ctx, tofudl.DownloadOptVersion(tofudl.Version(version)))
	if err != nil {
		return fmt.Errorf("download OpenTofu %s: %w", version, err)
	}
	return write(out, program)
}

// write puts a program into place in one step.
func write(path string, program []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tofu-")
	if err != nil {
		return fmt.Errorf("write the program: %w", err)
	}
	defer os.Remove(f.Name()) // gone already after the renaming
	_, err = f.Write(program)
	if err = errors.Join(err, f.Chmod(0o755), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the program: %w", err)
	}
	return nil
}
