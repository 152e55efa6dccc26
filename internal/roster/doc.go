// Package roster keeps the cluster document: it makes one from a Spec (New,
// SetTemplates, Trial), edits its roster (Forget, SetLeaving, TakeKeys), and
// writes it into the front-end's metadata beside other writers (Store).
package roster
