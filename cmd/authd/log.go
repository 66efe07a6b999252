package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// newLogger writes to w in the format of the settings; without one it is human on a terminal and
// JSON elsewhere.
func newLogger(w io.Writer, s logSettings) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogFormat == "human" || s.LogFormat == "" && isTerminal(w) {
		return slog.New(newHuman(w, options))
	}
	return slog.New(slog.NewJSONHandler(escaped{w}, options))
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// escaped writes JSON lines with DEL and the C1 control characters escaped as the others are (F25):
// JSON lets them stand, and U+009B starts an order to a terminal just as ESC [ does.
type escaped struct{ io.Writer }

func (e escaped) Write(line []byte) (int, error) {
	var out []byte
	from := 0 // what comes before is in out
	for i, r := range string(line) {
		if r >= 0x7f && r <= 0x9f {
			out = fmt.Appendf(append(out, line[from:i]...), `\u%04x`, r)
			from = i + utf8.RuneLen(r)
		}
	}
	if out == nil {
		return e.Writer.Write(line)
	}
	if _, err := e.Writer.Write(append(out, line[from:]...)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// human writes a line as people like it: time of day, level, message, then key=value as slog's text
// handler writes it, which quotes whatever could move a cursor or start a line (F25).
type human struct {
	slog.Handler // writes the attributes to line
	mu           *sync.Mutex
	line         *bytes.Buffer // guarded by mu, as is w
	w            io.Writer
}

func newHuman(w io.Writer, options *slog.HandlerOptions) *human {
	line := new(bytes.Buffer)
	return &human{slog.NewTextHandler(line, &slog.HandlerOptions{Level: options.Level, ReplaceAttr: dropHead}), new(sync.Mutex), line, w}
}

// dropHead leaves out what human writes in front of the attributes.
func dropHead(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return a
}

func (h *human) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.line.Reset()
	h.line.WriteString(r.Time.Format("15:04:05.000 "))
	h.line.WriteString((r.Level.String() + "     ")[:6])
	h.line.WriteString(onOneLine(r.Message))
	h.line.WriteByte(' ')
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	_, err := h.w.Write(append(bytes.TrimRight(h.line.Bytes(), " \n"), '\n'))
	return err
}

func (h *human) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &human{h.Handler.WithAttrs(attrs), h.mu, h.line, h.w}
}

func (h *human) WithGroup(name string) slog.Handler {
	return &human{h.Handler.WithGroup(name), h.mu, h.line, h.w}
}

// onOneLine quotes a message that is not plain text on one line.
func onOneLine(message string) string {
	if utf8.ValidString(message) && !strings.ContainsFunc(message, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return message
	}
	return strconv.Quote(message)
}
