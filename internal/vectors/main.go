package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
)

// folders are where the vectors are read from.
var folders = []string{"verify/testdata/vectors", "internal/tokens/testdata/vectors"}

//go:embed README.md
var readme []byte

func main() {
	log.SetFlags(0)
	files, err := makeFiles()
	if err != nil {
		log.Fatal("vectors: ", err)
	}
	for _, folder := range folders {
		if err := writeFolder(folder, files); err != nil {
			log.Fatal("vectors: ", err)
		}
	}
}

func writeFolder(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// makeFiles returns all vectors by the names of their files.
func makeFiles() (map[string][]byte, error) {
	keys, err := readKeys()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"README.md": readme}
	for name, content := range map[string]any{
		"keys.json":    keySet(keys),
		"private.json": privateSet(keys),
		"tokens.json":  tokensFile(keys),
		"keysets.json": keySetsFile(keys),
		"feed.json":    feedFile(keys),
	} {
		if files[name], err = encode(content); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// encode writes JSON that can be read by people as well: no escapes that are not needed, a line a member.
func encode(content any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(content)
	return out.Bytes(), err
}
