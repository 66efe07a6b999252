package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/authd/authd/internal/auth"
)

// readPassword asks twice on a terminal, without showing what is typed, and reads one line elsewhere.
// There is no flag for it: other users of the machine can read a command line.
func readPassword(ctx context.Context, p process) (auth.Secret, error) {
	return prompted(ctx, p.stdin, func() (auth.Secret, error) { return passwordFrom(p) })
}

func passwordFrom(p process) (auth.Secret, error) {
	if file, ok := p.stdin.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return askPassword(p, int(file.Fd()))
	}
	const most = 4 << 10 // above the longest password in the longest characters
	text, err := io.ReadAll(io.LimitReader(p.stdin, most+1))
	if err != nil {
		return auth.Secret{}, fmt.Errorf("read the password: %w", err)
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case line == "":
		return auth.Secret{}, errors.New("there is no password on standard input")
	case len(text) > most, strings.ContainsAny(line, "\r\n"):
		return auth.Secret{}, errors.New("standard input has more than the one line of a password")
	}
	return auth.NewSecret(line), nil
}

func askPassword(p process, terminal int) (auth.Secret, error) {
	var typed [2][]byte
	for i, prompt := range []string{"Password: ", "Once more: "} {
		fmt.Fprint(p.stderr, prompt)
		text, err := term.ReadPassword(terminal)
		fmt.Fprintln(p.stderr)
		if err != nil {
			return auth.Secret{}, fmt.Errorf("read the password: %w", err)
		}
		typed[i] = text
	}
	if string(typed[0]) != string(typed[1]) {
		return auth.Secret{}, errors.New("the two passwords differ")
	}
	return auth.NewSecret(string(typed[0])), nil
}
