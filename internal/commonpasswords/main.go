package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
)

// source is a list that somebody published.
type source struct {
	file   string
	sha256 string
	read   func(content []byte) ([]string, error)
}

// sources are the inputs, pinned by what they hash to: another version is another list.
var sources = []source{
	{"10_million_password_list_top_1M.txt", "eac6323842b3261da0ef4c180c8e23f4d056522ea97c2925b8687f453b40a2be", readLines},
	{"passwords.json", "f422773d94d630f27e08b26d7017e847bb1feb2a84809340e9c0b0c47b33e3f1", readJSON},
	{"common-passwords.txt.gz", "a73d3d14f1e9ee570a18232dc1edfd129dc9c0da4315da2b69ad6d92914a6fe6", readGzip},
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("commonpasswords: ")
	in := flag.String("in", ".", "folder with the inputs that the README of internal/password/common names")
	out := flag.String("o", "list.bin", "file to write")
	flag.Parse()
	words, err := readSources(*in)
	if err != nil {
		log.Fatal(err)
	}
	list, count := layOut(words)
	if err := os.WriteFile(*out, list, 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d passwords, %d bytes, one other in %d is taken for one of them\n", count, len(list), 1<<(bucketBits+entryBits)/count)
}

// readSources returns the words of every input, or says which is missing or not the one that was meant.
func readSources(folder string) (words []string, err error) {
	for _, s := range sources {
		content, err := os.ReadFile(filepath.Join(folder, s.file))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		if got := hex.EncodeToString(sum[:]); got != s.sha256 {
			return nil, fmt.Errorf("%s hashes to %s: want %s", s.file, got, s.sha256)
		}
		some, err := s.read(content)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", s.file, err)
		}
		if len(some) < 10_000 {
			return nil, fmt.Errorf("%s has %d passwords, which are too few", s.file, len(some))
		}
		words = append(words, some...)
	}
	return words, nil
}

func readLines(content []byte) ([]string, error) {
	return strings.Split(strings.TrimSuffix(string(content), "\n"), "\n"), nil
}

func readJSON(content []byte) (words []string, err error) {
	return words, json.Unmarshal(content, &words)
}

func readGzip(content []byte) ([]string, error) {
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	const most = 16 << 20
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && len(text) > most {
		err = errors.New("too long")
	}
	if err != nil {
		return nil, err
	}
	return readLines(text)
}
