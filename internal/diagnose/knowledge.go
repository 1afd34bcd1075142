package diagnose

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"ecs-deploy/internal/rollout"
)

// Entry is one cause that is known: how AWS words it, what it means, and what to do.
type Entry struct {
	// ID is what workflows compare with: one that is given never changes its meaning. Entries share one that mean the
	// same, and are recognized elsewhere.
	ID string
	// Signs tells whether a text, without the names in it, has this cause; nil: exit codes alone tell.
	Signs func(text string) bool
	// Exits are the exit codes of containers that mean the same; anyExit: all that no other entry has.
	Exits []int
	// Means is the likely cause, Next the next step; each a sentence.
	Means, Next string
	// Tells is what a text tells beyond that: which role, which endpoint. What it leaves empty stays; nil: nothing.
	Tells func(text string) (means, next string)
	// Passing causes go away by themselves: they never end a wait early. Want of Room does where instances are added.
	Passing, Room bool
	// Example is the wording of AWS, Source where it was found.
	Example, Source string
}

const (
	guide    = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
	events   = guide + "service-event-messages-list.html"
	stopped  = guide + "stopped-task-error-codes.html"
	pullDocs = guide + "task_cannot_pull_image.html"
	initDocs = guide + "resource-initialization-error.html"
	seen     = "recorded output of the real service"
)

// signs is so where one of several signs is.
func signs(several ...func(string) bool) func(string) bool {
	return func(text string) bool {
		return slices.ContainsFunc(several, func(is func(string) bool) bool { return is(text) })
	}
}

// all is a sign that is where all of its patterns are. They are compiled when they are first looked for: where nothing
// fails, none is.
func all(patterns ...string) func(string) bool {
	compiled := sync.OnceValue(func() []*regexp.Regexp {
		var expressions []*regexp.Regexp
		for _, pattern := range patterns {
			expressions = append(expressions, regexp.MustCompile(`(?i)`+pattern))
		}
		return expressions
	})
	return func(text string) bool {
		return !slices.ContainsFunc(compiled(), func(e *regexp.Regexp) bool { return !e.MatchString(text) })
	}
}

// but is a sign that is not where another pattern is.
func but(sign func(string) bool, pattern string) func(string) bool {
	other := all(pattern)
	return func(text string) bool { return sign(text) && !other(text) }
}

// Knowledge is searched from the top: the first entry whose sign is in the text counts, so that the
// more particular ones come first.
var Knowledge = slices.Concat(
	byCode, byHost, byVolume, byImage, byAccess, byContainer, byHealth, byPlace, byRollout,
)

// anyExit stands for all exit codes that no other entry has.
const anyExit = -1

// Lookup is the entry for a text of AWS's.
func Lookup(text string) (Entry, bool) {
	words := plain(text)
	for _, entry := range Knowledge {
		if entry.Signs != nil && entry.Signs(words) {
			return entry.in(text), true
		}
	}
	return Entry{}, false
}

// in is an entry with what a text tells beyond it.
func (e Entry) in(text string) Entry {
	if e.Tells == nil {
		return e
	}
	means, next := e.Tells(strings.Join(strings.Fields(text), " "))
	e.Means, e.Next = cmp.Or(means, e.Means), cmp.Or(next, e.Next)
	return e
}

// of is the first entry with an id.
func of(id string) (Entry, bool) {
	for _, entry := range Knowledge {
		if entry.ID == id {
			return entry, true
		}
	}
	return Entry{}, false
}

// LookupCause is the entry for why a task failed: by the words of AWS or, where they are not known, by the exit code.
func LookupCause(cause rollout.Cause) (Entry, bool) {
	switch {
	case cause.OfProxy():
		return of("proxy-unhealthy")
	case cause.First:
		return of("sidecar-exited")
	}
	if entry, found := Lookup(cause.Said); found && cause.Said != "" && cause.StopCode != rollout.UserInitiated {
		return entry, true
	}
	if !cause.Exited {
		return Lookup(string(cause.StopCode))
	}
	for _, code := range []int{cause.ExitCode, anyExit} {
		for _, entry := range Knowledge {
			if slices.Contains(entry.Exits, code) {
				return entry, true
			}
		}
	}
	return Entry{}, false
}
