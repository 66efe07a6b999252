package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/authd/authd/internal/accounts"
)

// confirm wants an answer typed on a terminal before something that nothing undoes. Elsewhere nobody is
// there to ask. instead says what did not happen.
func confirm(ctx context.Context, p process, question, want, instead string) error {
	file, ok := p.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return errors.New("nobody is there to be asked; --yes does it without asking")
	}
	fmt.Fprint(p.stderr, question)
	line, err := prompted(ctx, file, func() (string, error) { return bufio.NewReader(file).ReadString('\n') })
	if err != nil {
		return fmt.Errorf("%s: %w", instead, err)
	}
	if strings.TrimSpace(line) != want {
		return errors.New(instead)
	}
	return nil
}

// confirmDeletion wants the user's name typed again.
func confirmDeletion(ctx context.Context, p process, user accounts.User) error {
	question := fmt.Sprintf("This deletes %s (%s) with all sessions, for good. Type the name: ", user.Username, user.ID)
	return confirm(ctx, p, question, user.Username, "nothing was deleted")
}
