package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Password returns the first line of a file, or, where no file is named, the value of
// an environment variable. An empty password is an error.
func Password(file, variable string) (string, error) {
	if file == "" {
		if p := os.Getenv(variable); p != "" {
			return p, nil
		}
		return "", fmt.Errorf("the page's password is not set: set password_file, or the variable %s", variable)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the page's password: %w", err)
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("read the page's password: the first line of %s is empty", file)
	}
	return line, nil
}

// checkLogin demands name and password. Both are compared as hashes, in a time that does
// not depend on how much of them is right, and a wrong name gets the answer of a wrong
// password.
func (a Access) checkLogin(next http.Handler) http.Handler {
	if a.Username == "" {
		return next
	}
	name, password := sha256.Sum256([]byte(a.Username)), sha256.Sum256([]byte(a.Password))
	var failed failures
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, p, tried := r.BasicAuth()
		gotName, gotPassword := sha256.Sum256([]byte(n)), sha256.Sum256([]byte(p))
		right := subtle.ConstantTimeCompare(name[:], gotName[:])&subtle.ConstantTimeCompare(password[:], gotPassword[:]) == 1
		if !tried { // a browser asks without a password first
			askForLogin(w)
			return
		}
		from := origin(r.RemoteAddr)
		pause, guessing := failed.judge(from, right, time.Now())
		if guessing && a.Guessing != nil {
			a.Guessing(from.String())
		}
		switch {
		case pause > 0:
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(pause.Seconds()))))
			http.Error(w, "Too many logins from this address have failed. Wait, and try again.", http.StatusTooManyRequests)
		case !right:
			askForLogin(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func askForLogin(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="vmcluster-scaler", charset="UTF-8"`)
	http.Error(w, "name and password, please", http.StatusUnauthorized)
}

// After freeFailures an origin has to wait before each further try: firstPause, twice as
// long after each failure, longestPause at most. A try during the pause is refused, also
// with the right password, because another answer would confirm a guess.
const (
	freeFailures = 5
	firstPause   = time.Second
	longestPause = time.Minute
	forgetAfter  = 10 * time.Minute // without a failure
	mostOrigins  = 1024             // that are remembered
	tellAgain    = time.Minute      // between two reports of guessing
)

// pauseAfter returns how long an origin waits after its nth failure in a row.
func pauseAfter(n int) time.Duration {
	if n < freeFailures {
		return 0
	}
	return min(firstPause<<min(n-freeFailures, 16), longestPause)
}

// failures are the failed logins of each origin.
type failures struct {
	mu   sync.Mutex
	of   map[netip.Addr]failed
	told time.Time // when guessing was last reported
}

// failed are the failed logins of one origin.
type failed struct {
	count int
	last  time.Time
}

func (f failed) left(now time.Time) time.Duration {
	return pauseAfter(f.count) - now.Sub(f.last)
}

// judge counts a login and returns how long the origin has to wait, 0 for a login that is
// judged by its password. guessing reports whether the pauses of the origin begin with
// this failure, and no other such beginning was reported within tellAgain. Logins of one
// origin at the same time are counted one after the other.
func (f *failures) judge(from netip.Addr, right bool, now time.Time) (pause time.Duration, guessing bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.of[from]
	if left := was.left(now); left > 0 {
		return left, false
	}
	if right {
		delete(f.of, from)
		return 0, false
	}
	if now.Sub(was.last) >= forgetAfter {
		was.count = 0
	}
	f.note(from, failed{count: was.count + 1, last: now}, now)
	if was.count+1 != freeFailures || !f.told.IsZero() && now.Sub(f.told) < tellAgain {
		return 0, false
	}
	f.told = now
	return 0, true
}

// note remembers the failures of an origin. If there are too many origins, those go that
// failed longest ago.
func (f *failures) note(from netip.Addr, n failed, now time.Time) {
	if f.of == nil {
		f.of = map[netip.Addr]failed{}
	}
	f.of[from] = n
	if len(f.of) <= mostOrigins {
		return
	}
	oldest := from
	for o, x := range f.of {
		if now.Sub(x.last) >= forgetAfter {
			delete(f.of, o)
		} else if x.last.Before(f.of[oldest].last) {
			oldest = o
		}
	}
	if len(f.of) > mostOrigins {
		delete(f.of, oldest)
	}
}
