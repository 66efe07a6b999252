//go:build !linux

package main

// releaseText has no portable form.
func releaseText() {}
