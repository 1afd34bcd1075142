// Command preview draws the summary of a run, for those who work on it: as a page that a browser shows about as GitHub
// would. It is no part of the action.
//
//	go run ./internal/preview [-o summary.html] [-mermaid URL] scenario
//	go run ./internal/preview [-o summary.html] [-mermaid URL] -of summary.md
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"ecs-deploy/internal/action"
)

func main() {
	log.SetFlags(0)
	page := flag.String("o", "summary.html", "the `file` that the page is written to")
	of := flag.String("of", "", "show this `file`, which holds a summary, and run no scenario")
	mermaid := flag.String("mermaid", "", "the `URL` of a mermaid.min.js, which draws the picture")
	flag.Parse()
	title, summary, err := summaryOf(*of, flag.Args())
	if err == nil {
		err = write(*page, title, summary, *mermaid)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// summaryOf is a summary and what it is called: that of a file, or of a run against a scenario.
func summaryOf(file string, scenarios []string) (title, summary string, err error) {
	switch {
	case file != "" && len(scenarios) == 0:
		text, err := os.ReadFile(file)
		return file, string(text), err
	case file == "" && len(scenarios) == 1:
		left, err := action.Rehearse(context.Background(), scenarios[0], action.Env{Stdout: io.Discard})
		return scenarios[0], left.Summary, err
	}
	return "", "", fmt.Errorf("name one scenario, or a file with -of")
}

func write(page, title, summary, mermaid string) error {
	text, err := pageOf(title, summary, mermaid)
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(text), 0o644)
}
