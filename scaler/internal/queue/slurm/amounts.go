package slurm

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// mostAmount bounds a number that Slurm prints. Sums and products of such numbers do not
// overflow.
const mostAmount = 1 << 30

// whole reads a whole number; what is none, or negative, is 0.
func whole(text string) int {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return int(min(n, mostAmount))
}

// mib reads an amount of memory or disk in MiB: "2000M", "1.50G", "0"; a number without
// a unit is in MiB. What is none is 0.
func mib(text string) int {
	factor := 1.0
	if n := len(text); n > 0 {
		switch text[n-1] {
		case 'K':
			factor = 1.0 / 1024
		case 'M':
		case 'G':
			factor = 1 << 10
		case 'T':
			factor = 1 << 20
		case 'P':
			factor = 1 << 30
		default:
			n++
		}
		text = text[:n-1]
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f > 0) {
		return 0
	}
	return int(math.Ceil(min(f*factor, mostAmount)))
}

// unlimited is a time limit that no job reaches.
const unlimited = time.Duration(math.MaxInt64)

// limit reads a time limit: [days-]hours:minutes:seconds, or minutes:seconds. What is no
// time is unlimited: Slurm writes UNLIMITED, NOT_SET or INVALID (more than a year).
func limit(text string) time.Duration {
	days, clock, is := strings.Cut(text, "-")
	if !is {
		days, clock = "0", text
	}
	parts := strings.Split(clock, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return unlimited
	}
	total, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return unlimited
	}
	total *= 24
	if len(parts) == 2 {
		parts = append([]string{"0"}, parts...)
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return unlimited
		}
		if i > 0 {
			total *= 60
		}
		total += n
	}
	return time.Duration(total) * time.Second
}

// lastSecond is the end of the year 9999, the last one that a time in JSON can have.
const lastSecond = 253402300799

// isCalendar reports whether a time is written as a date: a node whose times can't be read
// would seem to have left the pool.
func isCalendar(text string) bool {
	_, err := time.Parse("2006-01-02T15:04:05", text)
	return err == nil
}

// moment reads a time in seconds since 1970; zero for what is none.
func moment(text string) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n > lastSecond {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// gpusIn returns the amount of GPUs in a list of trackable resources: 3 in
// "cpu=2,gres/gpu:a100:1,gres/gpu=3" and in "gres:gpu:3". Where a list has an amount of all
// GPUs and amounts of their types, the larger one counts.
func gpusIn(list string) int {
	all, typed := 0, 0
	for item := range strings.SplitSeq(list, ",") {
		item, _, _ = strings.Cut(item, "(") // "gpu:2(S:0-1)", "gpu:a100:1(IDX:0)"
		item = strings.TrimPrefix(strings.TrimPrefix(item, "gres/"), "gres:")
		rest, is := strings.CutPrefix(item, "gpu")
		if !is || rest != "" && rest[0] != ':' && rest[0] != '=' {
			continue
		}
		if n, ofType := amountOf(rest); ofType {
			typed = min(typed+n, mostAmount)
		} else {
			all = min(all+n, mostAmount)
		}
	}
	return max(all, typed)
}

// amountOf reads what follows the word gpu: "" (one), ":2", "=2", ":a100:2", ":a100=2", ":a100" (one).
func amountOf(rest string) (n int, typed bool) {
	words := strings.FieldsFunc(rest, func(r rune) bool { return r == ':' || r == '=' })
	if len(words) == 0 {
		return 1, false
	}
	if last := words[len(words)-1]; isAmount(last) {
		return scaled(last), len(words) > 1
	}
	return 1, true
}

func isAmount(word string) bool {
	word = strings.TrimRight(word, "kKmMgGtT")
	_, err := strconv.ParseUint(word, 10, 64)
	return err == nil
}

// scaled reads a count: "2", "4K".
func scaled(word string) int {
	n := whole(strings.TrimRight(word, "kKmMgGtT"))
	for range len(word) - len(strings.TrimRight(word, "kKmMgGtT")) {
		n = min(n*1024, mostAmount)
	}
	return n
}
