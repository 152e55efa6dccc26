// Package program is the adapter of a batch system for which the user has a program. The
// program prints a snapshot as JSON, version 1, and may drain, undrain and forget workers:
//
//	command…                prints one object, see package schema
//	command… drain NAME     worker NAME gets no new job
//	command… undrain NAME   takes that back, if it was this program that drained NAME
//	command… forget NAME    the server of NAME is gone for good
//
// An action has exit code 0 once it is done, also where there is nothing to do.
//
// All that the program prints is foreign text. An object that is not understood is an
// error, and the round does nothing. One job group or worker that is not understood costs
// itself alone, where its name can be told.
package program
