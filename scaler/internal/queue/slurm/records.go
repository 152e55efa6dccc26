package slurm

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of what the tools print. What exceeds them is left out.
const (
	longestRecord = 2 << 20 // bytes of a job or a node
	mostRecords   = 2_000_000
)

// separator is between two fields of a record of squeue. None of the fields that the
// reader asks for can hold it, as far as Slurm checks what users write; a record where
// one does has too many fields, and is left out.
const separator = "\t"

// format returns the value of squeue's option -O for fields: each as long as it is, with
// the separator behind it, and the mark at the end of the record.
func format(fields []string, mark string) string {
	return strings.Join(fields, ":0"+separator+",") + ":0" + separator + mark
}

// leave takes an entry that is left out: which job or node it is, "?" if that is not
// known, and why.
type leave func(label, why string)

// records reads what squeue prints, one record at a time. A record ends with the mark: a
// line break in a user's text ends none. The fields are valid until each returns. A
// record that is too long or has another number of fields is left out.
func records(r io.Reader, mark string, fields int, each func(fields [][]byte), left leave) error {
	split := make([][]byte, 0, fields+1)
	n, rest, err := chunks(r, []byte(separator+mark+"\n"), func(record []byte, whole bool) {
		split = cut(record, split[:0])
		switch {
		case !whole:
			left("?", fmt.Sprintf("it is longer than %d bytes", longestRecord))
		case len(split) != fields:
			left(digits(split[0]), fmt.Sprintf("it has %d fields in place of %d", len(split), fields))
		default:
			each(split)
		}
	})
	if err == nil && rest {
		return fmt.Errorf("what squeue prints is no list of jobs, or breaks off after %d of them", n)
	}
	return err
}

// lines reads what scontrol prints with -o: an entry in each line, which begins with the
// key of its name, or the one line that says that there are none. Text of operators may
// hold a line break: what follows it is ignored. Each gets an entry until it returns.
func lines(r io.Reader, first, none string, each func(line string), left leave) error {
	entries, others := 0, 0
	var odd string
	_, rest, err := chunks(r, []byte("\n"), func(line []byte, whole bool) {
		switch {
		case !whole:
			left("?", fmt.Sprintf("it is longer than %d bytes", longestRecord))
		case bytes.HasPrefix(line, []byte(first+"=")):
			entries++
			each(string(line))
		case entries == 0 && string(bytes.TrimSpace(line)) == none:
			entries++
		case len(bytes.TrimSpace(line)) > 0:
			if others++; entries == 0 && odd == "" {
				odd = string(line[:min(len(line), 40)])
			}
		}
	})
	switch {
	case err != nil:
		return err
	case rest:
		return fmt.Errorf("what scontrol prints breaks off after %d entries", entries)
	case odd != "":
		return fmt.Errorf("what scontrol prints is no list: it begins with %q", odd)
	case entries == 0 || others > entries:
		return errors.New("scontrol printed no list")
	}
	return nil
}

// chunks reads the parts of an output that end with a text whose last character is a line
// break, and hands on each without its end: whole, or without its beginning if it is too
// long. It returns their number, and whether a part without that end is left.
func chunks(r io.Reader, end []byte, each func(part []byte, whole bool)) (n int, rest bool, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var part []byte
	whole := true
	for {
		line, err := in.ReadSlice('\n')
		if len(part)+len(line) > longestRecord {
			part, whole = part[max(0, len(part)-len(end)):], false // what is left may be the beginning of the end
		}
		part = append(part, line...)
		if bytes.HasSuffix(part, end) {
			if n++; n > mostRecords {
				return n, false, fmt.Errorf("it prints more than %d entries", mostRecords)
			}
			each(part[:len(part)-len(end)], whole)
			part, whole = part[:0], true
		}
		switch {
		case errors.Is(err, io.EOF):
			return n, len(part) > 0, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return n, false, err
		}
	}
}

func cut(record []byte, into [][]byte) [][]byte {
	for {
		i := bytes.Index(record, []byte(separator))
		if i < 0 {
			return append(into, record)
		}
		into, record = append(into, record[:i]), record[i+len(separator):]
	}
}

// digits returns a text of digits alone, for people; "?" for any other.
func digits(text []byte) string {
	if len(text) == 0 || len(text) > 20 || bytes.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		return "?"
	}
	return string(text)
}

// values returns those values of an entry of scontrol whose keys are wanted, without those
// that are not set. A value goes to the next space. Of a key that comes twice the first
// value counts.
func values(line string, wanted map[string]bool) map[string]string {
	out := make(map[string]string, len(wanted))
	for word := range strings.FieldsSeq(line) {
		key, value, is := strings.Cut(word, "=")
		if _, known := out[key]; is && wanted[key] && !known {
			out[key] = value
		}
	}
	for key, value := range out {
		if value == "(null)" || value == "N/A" || value == "None" {
			delete(out, key)
		}
	}
	return out
}
