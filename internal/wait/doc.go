// Package wait is how programs wait: Sleep ends with its context, a Poll paces repeated
// reads, a Pace looks at many servers, by what Builds foresees of them, and Share divides
// the time that is left until a deadline.
package wait
