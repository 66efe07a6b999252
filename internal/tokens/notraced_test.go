//go:build !race

package tokens_test

// raced says that the race detector watches, which makes everything slower by far.
const raced = false
