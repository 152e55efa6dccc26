package web

import "net/http"

// Guard is what Listen puts before a handler.
func (a Access) Guard(h http.Handler) http.Handler {
	return a.guard(func(string) bool { return false }, h)
}
