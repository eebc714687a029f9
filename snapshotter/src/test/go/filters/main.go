// Answers what containerd's own filters match. Each line of the input holds a filter as a JSON string;
// for each, a line says "error" or, with one "1" or "0" for each snapshot in corpus, which ones match.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/containerd/containerd/filters"
	"github.com/containerd/containerd/log"
)

type snapshot struct {
	name, parent, kind string
	labels             map[string]string
}

var corpus = []snapshot{
	{"a", "", "active", nil},
	{"b", "a", "committed", map[string]string{"x": "1", "x.y": "2", "a b": "ü"}},
	{"c.d", "b", "view", map[string]string{"x": "2", "containerd.io/gc.root": "2026"}},
}

func (s snapshot) field(path []string) (string, bool) {
	switch path[0] {
	case "name":
		return s.name, true
	case "parent":
		return s.parent, true
	case "kind":
		return s.kind, true
	case "labels":
		value, ok := s.labels[strings.Join(path[1:], ".")]
		return value, ok
	}
	return "", false
}

func main() {
	log.L.Logger.SetOutput(io.Discard)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var text string
		if err := json.Unmarshal(in.Bytes(), &text); err != nil {
			panic(err)
		}
		filter, err := filters.ParseAll(text)
		if err != nil {
			fmt.Println("error")
			continue
		}
		line := ""
		for _, s := range corpus {
			if filter.Match(filters.AdapterFunc(s.field)) {
				line += "1"
			} else {
				line += "0"
			}
		}
		fmt.Println(line)
	}
}
