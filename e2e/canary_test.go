//go:build unix

package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
)

// canariesName is the variable that says how many requests a store is asked; sweepPage the one that names
// the page to write of it.
const (
	canariesName = "E2E_CANARIES"
	sweepPage    = "E2E_CANARY_PAGE"
	fewCanaries  = 200
)

// I1, I2, I3, I5, I6: passwords, tokens and keys go through every operation, to the places where they belong
// and to those where they do not. Then they are looked for in all that authd leaves behind.
func TestNoSecretShowsWhereItDoesNotBelong(t *testing.T) {
	t.Parallel()
	report := &canaryReport{}
	t.Run("sweeps", func(t *testing.T) {
		t.Run("SQLite", func(t *testing.T) {
			t.Parallel()
			d := onSQLite(t)
			r := d.canaries(t, "")
			r.places = append(r.places, files(t, "the data folder", filepath.Join(d.dir, "data")))
			report.take(t, "SQLite", r)
		})
		t.Run("PostgreSQL", func(t *testing.T) {
			t.Parallel()
			// What authd says to the database is searched, with all parameters.
			server := pgtest.NewServer(t, pgtest.Config{Settings: []string{"log_statement=all", "log_min_error_statement=log"}})
			r := onPostgres(t, server.URL()).canaries(t, server.URL())
			dump, err := server.Dump()
			if err != nil {
				t.Fatal(err)
			}
			r.places = append(r.places, remnant{"pg_dump", dump},
				files(t, "PostgreSQL's folder, its log and its WAL included", server.Folder()))
			report.take(t, "PostgreSQL", r)
		})
	})
	if page := os.Getenv(sweepPage); page != "" && !t.Failed() {
		report.write(t, page)
	}
}

// remnant is something that was left behind.
type remnant struct {
	name string
	text []byte
}

// remains is what a sweep leaves to be searched.
type remains struct {
	*marks
	sweeps []*sweep
	places []remnant
}

// canaries starts authd, once with each format of its log where the store takes two, asks it, and gathers what it leaves.
// The database's URL is empty on SQLite.
func (d *deployment) canaries(t *testing.T, database string) *remains {
	t.Helper()
	r := &remains{marks: newMarks()}
	keys := r.settings(t, d, database)
	formats := []string{"json"}
	if database != "" {
		formats = append(formats, "human")
	}
	random := seeded(t)
	count := fewCanaries
	if given := os.Getenv(canariesName); given != "" {
		count, _ = strconv.Atoi(given)
	}
	var servers []*watched
	for _, format := range formats {
		w := watch(t, d, append(slices.Clone(d.environ), "AUTHD_LOG_FORMAT="+format))
		servers = append(servers, w)
		s := &sweep{marks: r.marks, admin: w.admin, public: w.public, token: keys.admin, random: random, client: newClient(t),
			by: make(map[string]operation), asked: make(map[string]int), status: make(map[int]int)}
		r.sweeps = append(r.sweeps, s)
		s.run(t, d, count/len(formats), keys)
	}
	d.unsealed(t, r.marks, keys.master)
	r.places = append(r.places, d.commands(t, r.marks))
	d.hideUsers(t)
	for _, s := range r.sweeps {
		s.askInVain(t)
	}
	for i, w := range servers {
		r.places = append(r.places, w.stop(t, formats[i])...)
	}
	return r
}

// kept are the secrets of the operator.
type kept struct{ admin, master string }

// settings puts the operator's secrets into files and names the files.
func (r *remains) settings(t *testing.T, d *deployment, database string) (k kept) {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // documented never to fail
	k = kept{admin: rand.Text() + rand.Text(), master: base64.StdEncoding.EncodeToString(key)}
	r.add(mark{anAdminToken, k.admin}, mark{aMasterKey, k.master})
	secrets := map[string]string{"ADMIN_TOKEN": k.admin, "MASTER_KEY": k.master}
	if database != "" {
		secrets["DATABASE_URL"] = database
		u := parseURL(t, database)
		word, _ := u.User.Password()
		r.add(mark{aDatabaseWord, word})
	}
	d.environ = slices.DeleteFunc(d.environ, func(setting string) bool { return strings.HasPrefix(setting, "AUTHD_MASTER_KEY=") })
	d.environ = append(d.environ, "AUTHD_LOG_LEVEL=debug", "AUTHD_TRUSTED_PROXIES=127.0.0.0/8")
	for name, text := range secrets {
		file := filepath.Join(d.dir, strings.ToLower(name))
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		d.environ = append(d.environ, "AUTHD_"+name+"_FILE="+file)
	}
	d.url = "" // it travels in its file
	return k
}

// watched is a server all of whose output is kept.
type watched struct {
	cmd           *exec.Cmd
	public, admin string
	output        bytes.Buffer  // whole when ended is closed
	ended         chan struct{} // closed when the process was waited for
}

func watch(t *testing.T, d *deployment, environ []string) *watched {
	t.Helper()
	w := &watched{cmd: exec.Command(program, "serve"), public: freeAddress(t), admin: freeAddress(t), ended: make(chan struct{})}
	w.cmd.Dir, w.cmd.Env = d.dir, append(environ, "AUTHD_ADDR="+w.public, "AUTHD_ADMIN_ADDR="+w.admin)
	w.cmd.Stdout, w.cmd.Stderr = &w.output, &w.output
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.ended)
		_ = w.cmd.Wait() // how it ends is not what is looked at
	}()
	t.Cleanup(func() {
		_ = w.cmd.Process.Kill() // fails only if it has ended
		<-w.ended
	})
	eventually(t, "authd serves", func() bool {
		select {
		case <-w.ended:
			t.Fatalf("authd ended:\n%s", &w.output)
		default:
		}
		response, err := http.Get("http://" + w.public + "/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return w
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// stop ends the server and returns what it wrote, and what others could see of it while it ran.
func (w *watched) stop(t *testing.T, format string) (left []remnant) {
	t.Helper()
	for _, name := range []string{"environ", "cmdline"} { // I6
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", w.cmd.Process.Pid, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // not every system has it
			t.Fatal(err)
		}
		left = append(left, remnant{"the process's " + name, text})
	}
	limits, _ := os.ReadFile(fmt.Sprintf("/proc/%d/limits", w.cmd.Process.Pid)) // I3, where the system has it
	if core := regexp.MustCompile(`Max core file size +(\S+)`).FindSubmatch(limits); core != nil && string(core[1]) != "0" {
		t.Errorf("a core file of the process may have %s bytes, want none", core[1])
	}
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	receive(t, "authd ends", w.ended)
	return append(left, remnant{"the log, for " + map[string]string{"json": "machines", "human": "people"}[format], w.output.Bytes()})
}

// files reads everything in a folder.
func files(t *testing.T, name, folder string) remnant {
	t.Helper()
	all := remnant{name: name}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a running database puts files away
		}
		all.text = append(all.text, text...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// run asks everything: some as a user would, most with a secret where it does not belong.
func (s *sweep) run(t *testing.T, d *deployment, count int, keys kept) {
	t.Helper()
	ops := operations(t)
	for _, op := range ops {
		s.by[op.id] = op
	}
	made := s.ask(t, "adminCreateClient", "", "", map[string]any{"name": "gateway", "scopes": []string{"a"}})
	s.machine = machine{made.member(t, "id"), made.member(t, "secret")}
	s.add(mark{aClientSecret, s.machine.Secret})

	var all []mark
	for number := 0; s.total() < count; number++ {
		if number%60 == 0 {
			all = append(s.honest(t, fmt.Sprintf("%s-%d", rand.Text(), number)),
				mark{anAdminToken, keys.admin}, mark{aMasterKey, keys.master}, mark{aClientSecret, s.machine.Secret})
		}
		op := ops[number%len(ops)]
		bearer := ""
		if live := all[s.random.IntN(len(all))]; live.kind == anAccessToken {
			bearer = live.text
		}
		a := s.asking(t, op.id, strings.Replace(op.path, "{id}", "01a203e5-2b4d-799d-ade4-7a9aaa1d5765", 1), bearer, nil)
		s.misplace(t, a, all[s.random.IntN(len(all))])
	}
	for _, list := range []string{"adminListUsers", "adminListClients", "adminListKeys", "adminAudit", "metrics"} {
		s.lists(t, list)
	}
}

func (s *sweep) total() (sum int) {
	for _, count := range s.asked {
		sum += count
	}
	return sum
}

// honest is the life of a user and of a machine, with everything that may be secret in it.
func (s *sweep) honest(t *testing.T, name string) (all []mark) {
	t.Helper()
	known := func(kind, text string) string {
		m := mark{kind, text}
		s.add(m)
		all = append(all, m)
		return text
	}
	fresh := func() string { return known(aPassword, "canary "+rand.Text()) }
	pairOf := func(a answer) pair {
		p := mustPair(t, a)
		known(anAccessToken, p.AccessToken)
		known(aRefreshToken, p.RefreshToken)
		return p
	}
	word, wrong := fresh(), fresh()
	user := s.ask(t, "register", "", "", map[string]any{"username": name, "password": word}).member(t, "id")
	s.ask(t, "register", "", "", map[string]any{"username": name, "password": wrong})
	s.ask(t, "login", "", "", map[string]any{"username": name, "password": wrong})
	s.ask(t, "login", "", "", map[string]any{"username": word, "password": name}) // the fields mixed up
	p := pairOf(s.ask(t, "login", "", "", map[string]any{"username": name, "password": word, "device": "laptop"}))
	s.ask(t, "me", "", p.AccessToken, nil)
	s.ask(t, "sessions", "", p.AccessToken, nil)
	next := pairOf(s.ask(t, "refresh", "", "", map[string]any{"refresh_token": p.RefreshToken}))
	pairOf(s.ask(t, "refresh", "", "", map[string]any{"refresh_token": p.RefreshToken})) // once more, in the window
	next = pairOf(s.ask(t, "token", "", "", map[string]any{"grant_type": "refresh_token", "refresh_token": next.RefreshToken}))
	s.ask(t, "refresh", "", "", map[string]any{"refresh_token": p.RefreshToken}) // older than the parent: reuse
	p = pairOf(s.ask(t, "login", "", "", map[string]any{"username": name, "password": word}))
	s.ask(t, "changePassword", "", p.AccessToken, map[string]any{"current_password": wrong, "new_password": fresh()})
	s.ask(t, "changePassword", "", p.AccessToken, map[string]any{"current_password": word, "new_password": name})
	word = fresh()
	changed := s.ask(t, "changePassword", "", p.AccessToken, map[string]any{"current_password": all[0].text, "new_password": word})
	p = pairOf(changed)

	reset := known(aResetToken, s.ask(t, "adminResetPassword", "/admin/users/"+user+"/password-reset", "", nil).member(t, "token"))
	s.ask(t, "resetPassword", "", "", map[string]any{"token": reset, "new_password": "short"})
	s.ask(t, "resetPassword", "", "", map[string]any{"token": reset, "new_password": fresh()})
	s.ask(t, "resetPassword", "", "", map[string]any{"token": reset, "new_password": fresh()}) // spent
	s.ask(t, "adminChangeUser", "/admin/users/"+user, "", map[string]any{"password": fresh()})
	p = pairOf(s.ask(t, "login", "", "", map[string]any{"username": name, "password": all[len(all)-1].text}))

	proven := s.asking(t, "introspect", "", "", map[string]any{"token": p.AccessToken})
	proven.header.Set("Authorization", basic(url.QueryEscape(s.machine.ID), url.QueryEscape(s.machine.Secret)))
	s.do(t, proven)
	own := s.asking(t, "token", "", "", map[string]any{"grant_type": "client_credentials"})
	own.header.Set("Authorization", basic(url.QueryEscape(s.machine.ID), url.QueryEscape(s.machine.Secret)))
	known(anAccessToken, s.do(t, own).member(t, "access_token"))
	s.ask(t, "revoke", "", "", map[string]any{"token": p.AccessToken})
	s.ask(t, "adminTimeline", "/admin/sessions/"+p.SessionID+"/timeline", "", nil)
	s.ask(t, "adminListSessions", "/admin/users/"+user+"/sessions", "", nil)
	s.ask(t, "logout", "", "", map[string]any{"refresh_token": p.RefreshToken})
	s.ask(t, "deleteMe", "", p.AccessToken, map[string]any{"password": wrong})
	live := pairOf(s.ask(t, "login", "", "", map[string]any{"username": name, "password": all[len(all)-4].text}))
	known(anAccessToken, live.AccessToken)
	return all
}

// askInVain asks what cannot be answered any more: the causes are in the log.
func (s *sweep) askInVain(t *testing.T) {
	t.Helper()
	failed := s.status[http.StatusInternalServerError] + s.status[http.StatusServiceUnavailable]
	word := mark{aPassword, "canary " + rand.Text()}
	s.add(word)
	for _, id := range []string{"register", "login"} {
		s.ask(t, id, "", "", map[string]any{"username": rand.Text(), "password": word.text})
	}
	s.ask(t, "adminCreateUser", "", "", map[string]any{"username": rand.Text(), "password": word.text})
	if s.status[http.StatusInternalServerError]+s.status[http.StatusServiceUnavailable] != failed+3 {
		t.Errorf("without its table of users authd answers %v, want three failures more than %d", s.status, failed)
	}
}

// lists reads a list of the operators' whole.
func (s *sweep) lists(t *testing.T, id string) {
	t.Helper()
	if id == "metrics" || id == "adminListKeys" {
		s.ask(t, id, "", "", nil)
		return
	}
	s.all(t, id)
}

// commands are given secrets where they do not belong. Their user sees what they print; so do those who
// look over the shoulder, and the log of a job.
func (d *deployment) commands(t *testing.T, known *marks) remnant {
	t.Helper()
	word := rand.Text() + rand.Text()
	known.add(mark{aPassword, word})
	all := remnant{name: "what commands print"}
	for _, c := range []struct {
		stdin, setting string
		args           []string
	}{
		{stdin: word, args: []string{"users", "create", "from-a-shell"}},
		{stdin: word, args: []string{"users", "create", "from-a-shell"}}, // taken
		{setting: "AUTHD_MASTER_KEY_FILE=\x00AUTHD_MASTER_KEY=" + word, args: []string{"users", "list"}},
		{setting: "AUTHD_ADMIN_TOKEN_FILE=\x00AUTHD_ADMIN_TOKEN=" + word[:20], args: []string{"serve"}},
		{setting: "AUTHD_DATABASE_URL_FILE=\x00AUTHD_DATABASE_URL=postgres://authd:" + word + "@127.0.0.1:1/authd", args: []string{"users", "list"}},
		{setting: "AUTHD_DATABASE_URL_FILE=\x00AUTHD_DATABASE_URL=postgres://authd:" + word + "%zz@127.0.0.1:1/authd", args: []string{"users", "list"}},
		{args: []string{"secrets", "list"}}, {args: []string{"keys", "list", "--json"}}, {args: []string{"users", "list", "--json"}},
	} {
		environ := slices.Concat(d.environ, strings.Split(c.setting, "\x00"))
		cmd := exec.CommandContext(t.Context(), program, c.args...)
		cmd.Dir, cmd.Env, cmd.Stdin = d.dir, environ, strings.NewReader(c.stdin)
		out, _ := cmd.CombinedOutput() // most of them fail
		all.text = append(all.text, out...)
	}
	return all
}

// hideUsers takes away what nearly every operation needs.
func (d *deployment) hideUsers(t *testing.T) {
	t.Helper()
	const hide = "alter table users rename to hidden"
	var err error
	switch rows := d.past.(type) {
	case *sqliteRows:
		_, err = rows.open(t).ExecContext(t.Context(), hide)
	case *postgresRows:
		_, err = rows.connect(t).Exec(t.Context(), hide)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The search would be worth nothing if it found nothing.
func TestAMarkIsFoundInEveryForm(t *testing.T) {
	t.Parallel()
	m := newMarks()
	raw := make([]byte, 69)
	_, _ = rand.Read(raw) // documented never to fail
	token := "art_" + base64.RawURLEncoding.EncodeToString(raw)
	key := base64.StdEncoding.EncodeToString([]byte("a key of thirty-two bytes, sealed"[:32]))
	m.add(mark{aPassword, "canary a cup of tea at four"}, mark{aRefreshToken, token}, mark{aMasterKey, key})
	quoted, _ := json.Marshal("a cup of tea at four")
	for where, text := range map[string]string{
		"as it is":            "password=canary a cup of tea at four",
		"in an address":       "/login?password=" + url.QueryEscape("canary a cup of tea at four"),
		"in JSON":             "xx" + `{"password":"canary ` + string(quoted[1:]),
		"in hex":              fmt.Sprintf("%x", "xx canary a cup of tea at four"),
		"in upper hex":        fmt.Sprintf("%X", "canary a cup of tea at four"),
		"in base64":           base64.StdEncoding.EncodeToString([]byte("canary a cup of tea at four")),
		"in base64, moved":    base64.StdEncoding.EncodeToString([]byte("{canary a cup of tea at four")),
		"in base64, moved 2":  base64.StdEncoding.EncodeToString([]byte("{}canary a cup of tea at four")),
		"in UTF-16":           string(wide([]byte("canary a cup of tea at four"))),
		"a part of a token":   "the token " + token[60:84] + "…",
		"the bytes of one":    string(raw[21:53]),
		"the bytes of a key":  "a key of thirty-two bytes, sealed"[:32],
		"a key as it is kept": "AUTHD_MASTER_KEY=" + key,
	} {
		if len(m.find(where, []byte("before it "+text+" and behind"))) == 0 {
			t.Errorf("%s: nothing was found in %q", where, text)
		}
	}
	for where, text := range map[string]string{
		"another text":           strings.Repeat("canary of another kind, a cup of coffee at five ", 9),
		"a token's public parts": token[:32],
	} {
		if hits := m.find(where, []byte(text)); len(hits) != 0 {
			t.Errorf("%s: got %v, want nothing", where, hits)
		}
	}
}
