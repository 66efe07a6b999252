//go:build !race

package accounts_test

// raced says that the race detector watches, which makes everything slower by far.
const raced = false
