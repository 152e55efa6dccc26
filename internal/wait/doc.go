// Package wait is how programs wait: Sleep ends with its context, a Poll paces
// repeated reads, and Share divides the time that is left until a deadline.
package wait
