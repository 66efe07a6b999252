//go:build unix

package main

// algorithms are those that authd signs with.
var algorithms = []string{"ES256", "EdDSA", "RS256"}

func main() {}
