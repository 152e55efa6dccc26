package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// SSH runs commands on another machine by the ssh program, with its configuration and
// agent. It never asks for a password, and an unknown host key is an error, whatever
// ssh's configuration says.
type SSH struct {
	Host           string
	User           string
	Port           int
	IdentityFile   string
	KnownHosts     string   // text of a known_hosts file; no other host key is trusted
	KnownHostsFile string   // path of such a file, if there is no text; "" for ssh's own files
	Options        []string // further -o options: "ProxyJump=gate"
	Timeout        time.Duration
	Runner         Runner // runs ssh itself
}

// Run implements Runner.
func (s SSH) Run(ctx context.Context, c Command, consume func(io.Reader) error) error {
	if s.KnownHosts != "" {
		file, err := temporary(s.KnownHosts)
		if err != nil {
			return fmt.Errorf("keep known_hosts for ssh: %w", err)
		}
		defer os.Remove(file)
		s.KnownHostsFile = file
	}
	if err := s.Runner.Run(ctx, s.Command(c), consume); err != nil {
		return fmt.Errorf("on %s: %w", s.Host, err)
	}
	return nil
}

// temporary returns the path of a new file with that text, which only this account reads.
func temporary(text string) (string, error) {
	f, err := os.CreateTemp("", "vmcluster-known-hosts-")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// Command returns the ssh command that runs c over there. Variables that c inherits are
// those of the account over there.
func (s SSH) Command(c Command) Command {
	seconds := max(1, int(s.Timeout/time.Second)/2)
	// Of an option that comes twice ssh takes the first.
	args := []string{"-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=" + strconv.Itoa(seconds)}
	if s.KnownHostsFile != "" {
		args = append(args, "-o", "UserKnownHostsFile="+s.KnownHostsFile, "-o", "GlobalKnownHostsFile=/dev/null", "-o", "VerifyHostKeyDNS=no")
	}
	for _, o := range s.Options {
		args = append(args, "-o", o)
	}
	if s.IdentityFile != "" {
		args = append(args, "-i", s.IdentityFile)
	}
	if s.Port != 0 {
		args = append(args, "-p", strconv.Itoa(s.Port))
	}
	if s.User != "" {
		args = append(args, "-l", s.User)
	}
	words := make([]string, 0, len(c.Args)+len(c.Env)+2)
	if len(c.Env) > 0 {
		words = append(words, "env")
		for _, e := range c.Env {
			words = append(words, Quote(e))
		}
	}
	words = append(words, Quote(c.Name))
	for _, a := range c.Args {
		words = append(words, Quote(a))
	}
	return Command{Name: "ssh", Args: append(args, "--", s.Host, strings.Join(words, " ")), Inherit: ForSSH}
}

// Quote writes a word so that a POSIX shell reads it back unchanged.
func Quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:,@%+=", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
