// Package images tests the recipe of images/: that its ways to an image follow one
// definition, and that this definition has what the nodes' user data would install.
package images
