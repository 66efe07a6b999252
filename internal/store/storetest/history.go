package storetest

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

var historyClaims = []claim{
	{name: "histories of loads, rotations and ends can be put in one order", prove: linearizable},
}

// verb is what one operation does to one session.
type verb int

const (
	load verb = iota
	rotate
	end
)

// input and output are one operation of a history. A rotation is known by a number that it writes into
// the row; number 0 is the login.
type input struct {
	session, number int
	verb            verb
	decidedOn       int // rotate: the number in the row when it was loaded
}

type output struct {
	number int  // load: the number in the row
	ended  bool // load: whether the session has been ended
	done   bool // rotate, end: whether the store says that it was this one that did it
}

// register is a session as the model has it.
type register struct {
	number int
	ended  bool
}

// sessionModel says what one session may do: a load sees it as it is, a rotation wins if and only if
// nothing was written since its load, and an end ends it once.
var sessionModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		bySession := make(map[int][]porcupine.Operation)
		for _, op := range history {
			s := op.Input.(input).session
			bySession[s] = append(bySession[s], op)
		}
		var parts [][]porcupine.Operation
		for _, part := range bySession {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return register{} },
	Step: func(state, in, out any) (bool, any) {
		r, i, o := state.(register), in.(input), out.(output)
		switch i.verb {
		case rotate:
			wins := r.number == i.decidedOn && !r.ended
			if wins {
				r.number = i.number
			}
			return o.done == wins, r
		case end:
			ends := !r.ended
			r.ended = true
			return o.done == ends, r
		default:
			return o.number == r.number && o.ended == r.ended, r
		}
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
}

// scribe writes a history down.
type scribe struct {
	mu      sync.Mutex
	began   time.Time
	history []porcupine.Operation
}

func (s *scribe) now() int64 { return int64(time.Since(s.began)) }

func (s *scribe) write(client int, call, back int64, ops map[input]output) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for in, out := range ops {
		s.history = append(s.history, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: back})
	}
}

// C3: logout and refresh at once. Clients on two handles load the same sessions, rotate them on what
// they saw, and now and then end one; whatever they were told must fit one order of events.
func linearizable(t *trial) {
	const turns, count = 12, 4
	for range 3 {
		h := history{trial: t, sessions: t.login(t.user(t.userID().String()).ID, count)}
		h.began = time.Now()
		t.race(clients, func(i int, s Store) {
			for turn := range turns {
				if err := h.turn(i, turn, s); err != nil {
					t.Errorf("client %d: %v", i, err)
				}
			}
		})
		result, _ := porcupine.CheckOperationsVerbose(sessionModel, h.history, 20*time.Second)
		if result != porcupine.Ok {
			t.Errorf("the history of %d operations is %s", len(h.history), result)
		}
	}
}

// history is one run of the clients over some sessions.
type history struct {
	*trial
	scribe
	sessions []tokens.Session
	pending  [clients][]tokens.Loaded // what each client has seen and not acted on
	numbers  atomic.Int64
}

const clients = 6

// turn loads all sessions, and then rotates all on what was seen, or ends one.
func (h *history) turn(client, turn int, s Store) error {
	call := h.now()
	rows, clock, err := s.LoadSessions(h.Context(), idsOf(h.sessions))
	if err != nil {
		return err
	}
	seen := make(map[input]output, len(rows))
	for _, row := range rows {
		seen[input{session: h.index(row.ID), verb: load}] = output{number: numberOf(row.Session), ended: !row.EndedAt.IsZero()}
	}
	h.write(client, call, h.now(), seen)
	if turn == client+3 { // each client ends one session, at a time of its own
		return h.endOne(client, clock, s)
	}
	// Every other decision waits for a turn, as one does whose client is far away.
	decided := rows
	if turn%2 == 1 {
		decided, h.pending[client] = h.pending[client], rows
	}
	return h.rotateSeen(client, decided, s)
}

func (h *history) endOne(client int, clock time.Time, s Store) error {
	victim := client % len(h.sessions)
	in := input{session: victim, verb: end}
	call := h.now()
	var ended []tokens.Ended
	err := h.insist(func() (err error) {
		ended, err = s.End(h.Context(), deathsOf(audit.Logout, clock, h.sessions[victim]), newMark())
		return err
	})
	h.write(client, call, h.now(), map[input]output{in: {done: len(ended) == 1}})
	return err
}

// rotateSeen does what the law does: it leaves sessions alone that it saw ended.
func (h *history) rotateSeen(client int, rows []tokens.Loaded, s Store) error {
	var batch []tokens.Rotation
	ops := make(map[auth.SessionID]input, len(rows))
	for _, row := range rows {
		if !row.EndedAt.IsZero() {
			continue
		}
		in := input{session: h.index(row.ID), verb: rotate, number: int(h.numbers.Add(1)), decidedOn: numberOf(row.Session)}
		r := step(row.Session)
		r.CurrentHash = hashWith(in.number)
		batch, ops[row.ID] = append(batch, r), in
	}
	call := h.now()
	var written []auth.SessionID
	err := h.insist(func() (err error) {
		written, err = s.Rotate(h.Context(), batch)
		return err
	})
	back := h.now()
	told := make(map[input]output, len(ops))
	for _, in := range ops {
		told[in] = output{}
	}
	for _, id := range written {
		told[ops[id]] = output{done: true}
	}
	h.write(client, call, back, told)
	return err
}

func (h *history) index(id auth.SessionID) int {
	for i, s := range h.sessions {
		if s.ID == id {
			return i
		}
	}
	return -1
}

// hashWith hides a rotation's number in what it writes. A login's hash is random: it has none.
func hashWith(number int) (h [32]byte) {
	binary.BigEndian.PutUint64(h[24:], uint64(number))
	return h
}

func numberOf(s tokens.Session) int {
	if s.Generation == 0 {
		return 0
	}
	return int(binary.BigEndian.Uint64(s.CurrentHash[24:]))
}
