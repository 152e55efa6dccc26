// Package classad is the expression language of HTCondor's ClassAds: it reads
// expressions and evaluates them for a job and a machine, as HTCondor would. It knows
// neither the tools that print ads nor what an attribute means.
package classad
