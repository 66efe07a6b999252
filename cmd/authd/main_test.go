package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the folder of the built authd, for the scripts.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() != "" {
		os.Exit(m.Run()) // each of the fuzzer's workers comes by here, and none runs the program
	}
	os.Exit(withBinary(m.Run))
}

// withBinary builds authd as users do: what the scripts drive is the thing that is shipped.
func withBinary(run func() int) int {
	folder, err := os.MkdirTemp("", "authd-test-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(folder, "authd"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build authd:", err)
		return 1
	}
	binary = folder
	return run()
}
