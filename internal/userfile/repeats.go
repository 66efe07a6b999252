package userfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
)

// Repeats finds the names and ids that a file has on two lines, however far apart, in memory that does not
// grow with the file. A filter tells nearly all that are new. What it takes for known is looked up in a list
// of all there were, which is on disk: 16 bytes each, of which 10 are a digest under a key of this run, so
// the list tells nobody a name.
//
// The filter is right about one in a million up to ten million users, and then gets worse: beyond some
// thirty million files are better cut.
type Repeats struct {
	key     [32]byte
	filter  []uint64
	list    Scratch // nil: pending grows
	size    int64   // of list
	pending []byte  // entries that are not in list yet
}

// Scratch is a file of its own, as os.CreateTemp makes one.
type Scratch interface {
	io.Writer
	io.ReaderAt
}

const (
	filterBits = 1 << 29 // 64 MiB, of which the system gives what is touched
	probes     = 8
	entrySize  = 16
	digestSize = 10
	maxPending = 4096 * entrySize
)

type digest [digestSize]byte

// NewRepeats draws the key. Without a scratch file the list is in memory.
func NewRepeats(scratch Scratch, random io.Reader) (*Repeats, error) {
	r := &Repeats{filter: make([]uint64, filterBits/64), list: scratch}
	if _, err := io.ReadFull(random, r.key[:]); err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	return r, nil
}

// Mark is something that no two lines may have.
type Mark struct {
	Value string
	Line  int
}

// First takes marks in the order of their lines, which are never below those it took before, and returns
// for each the first line that has it, be it its own.
func (r *Repeats) First(marks []Mark) (first []int, err error) {
	first = make([]int, len(marks))
	digests := make([]digest, len(marks))
	suspects := make(map[digest]int) // :: digest → line, 0 until it is found
	for i, m := range marks {
		digests[i] = r.digest(m.Value)
		if first[i] = m.Line; r.known(digests[i]) {
			suspects[digests[i]] = 0
		}
		r.pending = append(r.pending, digests[i][:]...)
		r.pending = appendLine(r.pending, m.Line)
	}
	if len(suspects) > 0 {
		if err := r.find(suspects); err != nil {
			return nil, err
		}
		for i := range digests {
			if line := suspects[digests[i]]; line > 0 {
				first[i] = line
			}
		}
	}
	if len(r.pending) > maxPending {
		err = r.write()
	}
	return first, err
}

func (r *Repeats) digest(value string) digest {
	var buffer [128]byte
	sum := sha256.Sum256(append(append(buffer[:0], r.key[:]...), value...))
	return digest(sum[:])
}

// known asks the filter, and tells it.
func (r *Repeats) known(d digest) bool {
	known := true
	// Two parts of the digest make all probes (Kirsch and Mitzenmacher).
	a, b := binary.BigEndian.Uint32(d[:4]), binary.BigEndian.Uint32(d[4:8])|1
	for range probes {
		bit := a % filterBits
		if r.filter[bit/64]&(1<<(bit%64)) == 0 {
			known = false
			r.filter[bit/64] |= 1 << (bit % 64)
		}
		a += b
	}
	return known
}

// find looks for the first line of each suspect, and stops when it has them all: they are all there.
func (r *Repeats) find(suspects map[digest]int) error {
	missing := len(suspects)
	look := func(in io.Reader, size int64) error {
		for ; missing > 0 && size > 0; size -= entrySize {
			var entry [entrySize]byte
			if _, err := io.ReadFull(in, entry[:]); err != nil {
				return fmt.Errorf("look for a line that is repeated: %w", err)
			}
			if line, asked := suspects[digest(entry[:])]; asked && line == 0 {
				suspects[digest(entry[:])] = lineOf(entry)
				missing--
			}
		}
		return nil
	}
	if r.list != nil {
		if err := look(bufio.NewReaderSize(io.NewSectionReader(r.list, 0, r.size), 256<<10), r.size); err != nil {
			return err
		}
	}
	return look(bytes.NewReader(r.pending), int64(len(r.pending)))
}

func (r *Repeats) write() error {
	if r.list == nil {
		return nil
	}
	if _, err := r.list.Write(r.pending); err != nil {
		return fmt.Errorf("remember which names there were: %w", err)
	}
	r.size += int64(len(r.pending))
	r.pending = r.pending[:0]
	return nil
}

// appendLine writes a line in six bytes.
func appendLine(entry []byte, line int) []byte {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(line))
	return append(entry, n[2:]...)
}

func lineOf(entry [entrySize]byte) int {
	var n [8]byte
	copy(n[2:], entry[digestSize:])
	return int(binary.BigEndian.Uint64(n[:]))
}
