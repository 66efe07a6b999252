package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/authd/authd/internal/auth"
)

// What the process ends with. A supervisor may restart on exitFailure; exitUsage comes back with the
// same settings every time.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// process is the surroundings that a command works in.
type process struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// commands is the whole command line.
type commands struct {
	Serve       serveCmd       `cmd:"" default:"withargs" help:"Run the service. This is what authd does without a command."`
	Init        initCmd        `cmd:"" help:"Make the secrets of an installation in a folder, once."`
	Migrate     migrateCmd     `cmd:"" help:"Bring the schema up to date, or say where it is."`
	Users       usersCmd       `cmd:"" help:"Make, list, change and delete users."`
	Clients     clientsCmd     `cmd:"" help:"Make, list, revoke and delete machine clients."`
	Sessions    sessionsCmd    `cmd:"" help:"List a user's sessions, or end one."`
	Revoke      revokeCmd      `cmd:"" help:"Declare single tokens dead."`
	Keys        keysCmd        `cmd:"" help:"List, turn and kill signing keys."`
	Secrets     secretsCmd     `cmd:"" help:"List the stored secrets, make new versions, change the master key."`
	Password    passwordCmd    `cmd:"" help:"Measure what password hashing costs on this machine."`
	Audit       auditCmd       `cmd:"" help:"Print what happened, the newest first, by filters."`
	Backup      backupCmd      `cmd:"" help:"Copy the SQLite database to a file, beside a running server."`
	PostRestore postRestoreCmd `cmd:"" help:"Make a database safe to serve from after an older copy was put back."`
	Healthcheck healthcheckCmd `cmd:"" help:"Ask the running service whether it can serve; exit 0 or 1."`
	Version     versionCmd     `cmd:"" help:"Print the version, the commit and the Go release of this binary."`
}

func main() {
	leaveNoCore()
	ctx, stop := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		stop(stopped{<-signals})
		time.Sleep(sameSignal)
		signal.Reset() // a second signal ends the process at once
	}()
	os.Exit(run(ctx, os.Args[1:], process{os.Environ(), os.Stdin, os.Stdout, os.Stderr}))
}

// sameSignal is how close two signals are that somebody meant as one: shells and timeout(1) signal both
// the process and its group.
const sameSignal = 100 * time.Millisecond

// stopped is why a context ended: somebody asked for a graceful stop.
type stopped struct{ by os.Signal }

func (s stopped) Error() string { return "signal: " + s.by.String() }

// run is main without the process around it. Every error of every command is written here, once.
func run(ctx context.Context, args []string, p process) int {
	command, err := parse(args, p)
	if command == nil && err == nil {
		return exitOK // help was asked for and printed
	}
	if err == nil {
		command.BindTo(ctx, (*context.Context)(nil))
		err = command.Run(p)
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(p.stderr, "authd:", told(err))
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailure
}

// told is an error in the words of the command line, where the codes of the API say little.
func told(err error) string {
	e := (*auth.Error)(nil)
	if !errors.As(err, &e) || e.Kind == auth.Internal || e.Kind == auth.Unavailable {
		return err.Error()
	}
	if len(e.Reasons) > 0 {
		return e.Public + " (" + strings.Join(e.Reasons, ", ") + ")"
	}
	return e.Public
}

// usageError is the operator's to repair: a command line or a setting.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// parse reads the command line and the settings that its command knows. Both results are nil when
// help was printed instead.
func parse(args []string, p process) (*kong.Context, error) {
	r := newReader(p.environ)
	helped := false
	parser, err := newParser(r, p, func(int) { helped = true })
	if err != nil {
		return nil, fmt.Errorf("the command line's own grammar: %w", err)
	}
	command, err := parser.Parse(args)
	if helped {
		return nil, nil
	}
	if err != nil {
		return nil, &usageError{fmt.Errorf("%w (authd --help lists what there is)", err)}
	}
	return command, r.finish(command)
}

func newParser(r *reader, p process, exit func(int)) (*kong.Kong, error) {
	parser, err := kong.New(&commands{}, append(r.options(),
		kong.Name("authd"),
		kong.Description("Sign in, refresh, log out now: sessions and short-lived tokens over REST."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
		kong.ValueFormatter(helpText),
	)...)
	if err != nil {
		return nil, err
	}
	r.learn(parser.Model)
	return parser, nil
}
