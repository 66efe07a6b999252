package main

import (
	"runtime/debug"
	"testing"
)

func TestVersionIsTheToolchainsUnlessTheLinkerWasTold(t *testing.T) {
	stamped := &debug.BuildInfo{
		Main:     debug.Module{Version: "v1.4.0"},
		Settings: []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "0123abc"}},
	}
	if v, c := versionOf(stamped, true); v != "v1.4.0" || c != "0123abc" {
		t.Errorf("stamped: got %s, %s", v, c)
	}
	if v, c := versionOf(nil, false); v != "unknown" || c != "unknown" {
		t.Errorf("no build info: got %s, %s", v, c)
	}
	// Not parallel: the linker's two variables stand for the whole process.
	t.Cleanup(func() { version, commit = "", "" })
	version, commit = "v2.0.0", "fedcba9"
	if v, c := versionOf(stamped, true); v != "v2.0.0" || c != "fedcba9" {
		t.Errorf("linked: got %s, %s", v, c)
	}
}
