package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version and commit are set by the linker where the build has no repository around it, as in a
// container: -ldflags "-X main.version=v1.2.3 -X main.commit=0123abc". Nothing else may write them.
var version, commit string

type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run(p process) error {
	v, c := versionOf(debug.ReadBuildInfo())
	_, err := fmt.Fprintf(p.stdout, "authd %s, commit %s, %s %s/%s\n", v, c, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// versionOf prefers what the linker was told to what the toolchain stamped.
func versionOf(info *debug.BuildInfo, ok bool) (v, c string) {
	v, c = "unknown", "unknown"
	if ok {
		v = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				c = s.Value
			}
		}
	}
	if version != "" {
		v = version
	}
	if commit != "" {
		c = commit
	}
	return v, c
}
