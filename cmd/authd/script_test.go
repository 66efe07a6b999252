//go:build unix

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/authd/authd/internal/store/pgtest"
)

// The scripts of testdata/script drive the built binary. Besides testscript's own commands they have
//
//	mode 0600 FILE...         checks permission bits
//	serve [FLAG...]           starts authd on free ports, waits until it serves; its addresses are $ADDR and $ADMIN
//	end [INT|TERM|KILL]       ends it; without KILL it must end with status 0. Its output: server.out, server.log
//	http METHOD PATH [BODY]   asks it; standard output is the status, then the body; $BEARER authenticates
//	admin METHOD PATH [BODY]  the same of the admin listener, with the token in $ADMIN_TOKEN, by default the data folder's
//	until STATUS METHOD PATH [BODY]  the same as http, again and again until the status is the wanted one
//	json MEMBER NAME          takes a member of the last answer into a variable
//	line FILE NAME            takes the one line of a file into a variable
//	joined FILE FILE...       writes the lines of files into the first, by commas, readable by its owner alone
//	jti NAME                  takes the id of the access token in $BEARER
//	kid NAME                  takes the id of the key that signed it
//	claim NAME                writes what a claim of that token says to standard output, as JSON; null if it is not there
//	postgres                  makes an empty schema and sets AUTHD_DATABASE_URL
//	sql STATEMENT             runs a statement there
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(2 * time.Minute), // a server that should have refused to start
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", binary+string(os.PathListSeparator)+env.Getenv("PATH"))
			// The least work that a setting allows: the scripts are about other things.
			env.Setenv("AUTHD_BCRYPT_COST", "10")
			s := &scripted{t: t}
			env.Values[scriptKey{}] = s
			env.Defer(s.kill)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"mode": mode, "serve": serve, "end": end, "http": ask, "admin": askAdmin, "until": until, "json": member, "line": line, "joined": joined, "jti": jti, "kid": kid, "claim": claim, "postgres": lendPostgres, "sql": statement,
		},
	})
}

type scriptKey struct{}

// scripted is the server of one script and the last answer it gave.
type scripted struct {
	t      *testing.T
	server *child // nil while there is none
	last   []byte
}

func of(ts *testscript.TestScript) *scripted { return ts.Value(scriptKey{}).(*scripted) }

func (s *scripted) kill() {
	if s.server != nil {
		_ = s.server.end(syscall.SIGKILL)
	}
}

func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}

func mode(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "mode 0600 FILE...")
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", name, got, args[0])
		}
	}
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	usage(ts, !neg && s.server == nil, "serve [FLAG...], one at a time")
	var environ []string
	for _, name := range []string{"AUTHD_DATABASE_URL", "AUTHD_MASTER_KEY_FILE", "AUTHD_BCRYPT_COST", "AUTHD_AUTO_MIGRATE", "AUTHD_ADMIN_TOKEN_FILE"} {
		if value := ts.Getenv(name); value != "" {
			environ = append(environ, name+"="+value)
		}
	}
	server, err := startServer(ts.Getenv("WORK"), environ, args...)
	ts.Check(err)
	s.server = server
	ts.Check(server.await("serving"))
	ts.Setenv("ADDR", server.addr)
	ts.Setenv("ADMIN", server.admin)
}

func end(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	how := syscall.SIGINT
	if len(args) == 1 {
		how = map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}[args[0]]
	}
	usage(ts, !neg && len(args) <= 1 && how != 0 && s.server != nil, "end [INT|TERM|KILL], after serve")
	err := s.server.end(how)
	ts.Check(os.WriteFile(ts.MkAbs("server.out"), s.server.out.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("server.log"), s.server.log.Bytes(), 0o600))
	s.server = nil
	ts.Check(err)
}

func ask(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 2 || len(args) == 3), "http METHOD PATH [BODY]")
	request(ts, ts.Getenv("ADDR"), ts.Getenv("BEARER"), args)
}

func askAdmin(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 2 || len(args) == 3), "admin METHOD PATH [BODY]")
	token := ts.Getenv("ADMIN_TOKEN")
	if token == "" {
		token = strings.TrimSpace(ts.ReadFile("authd-data/" + adminTokenFile))
	}
	request(ts, ts.Getenv("ADMIN"), token, args)
}

// until is for what a server has to hear of first. Its bound is no measure of how soon that is: the machine
// may have other things to do.
func until(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 3 || len(args) == 4), "until STATUS METHOD PATH [BODY]")
	over := time.After(30 * time.Second)
	for again := time.NewTicker(10 * time.Millisecond); ; {
		got := request(ts, ts.Getenv("ADDR"), ts.Getenv("BEARER"), args[1:])
		if got == args[0] {
			return
		}
		select {
		case <-over:
			ts.Fatalf("%s %s: still %s, want %s", args[1], args[2], got, args[0])
		case <-again.C:
		}
	}
}

// request asks a listener for a method, a path and perhaps a body.
func request(ts *testscript.TestScript, addr, bearer string, args []string) (status string) {
	s := of(ts)
	request, err := http.NewRequest(args[0], "http://"+addr+args[1], strings.NewReader(strings.Join(args[2:], "")))
	ts.Check(err)
	if len(args) == 3 {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	s.last, err = io.ReadAll(response.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d\n%s\n", response.StatusCode, s.last)
	return strconv.Itoa(response.StatusCode)
}

func member(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "json MEMBER NAME")
	var members map[string]any
	ts.Check(json.Unmarshal(of(ts).last, &members))
	value, ok := members[args[0]]
	if !ok {
		ts.Fatalf("the last answer has no %s: %s", args[0], of(ts).last)
	}
	ts.Setenv(args[1], fmt.Sprint(value))
}

func line(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "line FILE NAME")
	ts.Setenv(args[1], strings.TrimSpace(ts.ReadFile(args[0])))
}

func joined(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "joined FILE FILE...")
	var lines []string
	for _, name := range args[1:] {
		lines = append(lines, strings.TrimSpace(ts.ReadFile(name)))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(lines, ",")+"\n"), 0o600))
}

func jti(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "jti NAME")
	ts.Setenv(args[0], segmentOf(ts, 1)["jti"].(string))
}

func kid(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "kid NAME")
	ts.Setenv(args[0], segmentOf(ts, 0)["kid"].(string))
}

func claim(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "claim NAME")
	ts.Check(json.NewEncoder(ts.Stdout()).Encode(segmentOf(ts, 1)[args[0]]))
}

// segmentOf is what a segment of the access token says that is in $BEARER: 0 is its header, 1 its payload.
func segmentOf(ts *testscript.TestScript, segment int) (said map[string]any) {
	segments := strings.Split(ts.Getenv("BEARER"), ".")
	if len(segments) != 3 {
		ts.Fatalf("$BEARER is no token")
	}
	text, err := base64.RawURLEncoding.DecodeString(segments[segment])
	ts.Check(err)
	ts.Check(json.Unmarshal(text, &said))
	return said
}

func lendPostgres(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 0, "postgres")
	ts.Setenv("AUTHD_DATABASE_URL", pgtest.New(of(ts).t))
}
