package doctor

import (
	"io"
	"os"
	"strings"
)

// mostBytes is the size up to which a file is read.
const mostBytes = 1 << 20

// regular reads a file that an option names. bad reports whether the finding says why
// that is not possible.
func regular(part, option, file string) (raw []byte, f Finding, bad bool) {
	do := "correct " + option + ", or let the account of the scaler read the file"
	info, err := os.Stat(file)
	if err != nil {
		return nil, failed(part, do, "%s: %v", option, err), true
	}
	if !info.Mode().IsRegular() {
		return nil, failed(part, "name a regular file with "+option, "%s: %s is no regular file", option, file), true
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, failed(part, do, "%s: %v", option, err), true
	}
	defer func() { _ = in.Close() }() // it was only read
	raw, err = io.ReadAll(io.LimitReader(in, mostBytes))
	if err != nil {
		return nil, failed(part, do, "%s: %v", option, err), true
	}
	return raw, Finding{}, false
}

// private warns of a secret that other accounts can read.
func private(part, option, file string) (Finding, bool) {
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm()&0o007 == 0 {
		return Finding{}, false
	}
	return warning(part, "chmod 0600 "+file, "%s: every account of this machine can read %s", option, file), true
}

func firstLine(raw []byte) string {
	line, _, _ := strings.Cut(string(raw), "\n")
	return strings.TrimSuffix(line, "\r")
}
