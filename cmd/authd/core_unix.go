//go:build unix

package main

import "syscall"

// leaveNoCore keeps the memory of a process that dies from being written to a file: it has the keys and
// the passwords of the moment in clear (I3). Where that cannot be set, nothing is lost but this.
func leaveNoCore() {
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}
