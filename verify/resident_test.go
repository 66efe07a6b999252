package verify

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/authd/authd/verify/internal/fake"
)

const followVariable = "VERIFY_TEST_FOLLOW"

// TestMain is also the whole of a process that follows a feed and prints its memory.
func TestMain(m *testing.M) {
	if url := os.Getenv(followVariable); url != "" {
		followAndPrint(url)
		return
	}
	os.Exit(m.Run())
}

func followAndPrint(url string) {
	v, err := New(Config{Issuer: fake.Issuer, Audience: fake.Audience, URL: url})
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		go v.Run(ctx)
		err = v.WaitReady(ctx)
	}
	status, _ := os.ReadFile("/proc/self/status")
	fmt.Println(v.Status().Kills, "kills", err)
	os.Stdout.Write(status)
}

var memoryLine = regexp.MustCompile(`Vm(HWM|RSS):\s+(\d+) kB`)

// follow runs that process and returns its peak and its memory at the end, in kB.
func follow(tb testing.TB, url string) (peak, resident int) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), followVariable+"="+url)
	out, err := cmd.Output()
	if err != nil || !bytes.HasPrefix(out, []byte("1000000 kills <nil>")) {
		tb.Fatalf("%v\n%s", err, out)
	}
	found := memoryLine.FindAllSubmatch(out, -1)
	if len(found) != 2 {
		tb.Skip("this system does not say how much memory a process has")
	}
	peak, _ = strconv.Atoi(string(found[0][2]))
	resident, _ = strconv.Atoi(string(found[1][2]))
	return peak, resident
}
