package cloud

import "errors"

const (
	// maxPages is how many pages a list may have: ECS gives a hundred items in each, and takes 5,000 services in a cluster
	// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html).
	maxPages = 1000

	// maxAnswer is how long an answer may be, in bytes. ECS's longest have a task definition of 64 KiB, or ten services
	// with their events.
	maxAnswer = 16 << 20
)

// Answers that are none, and that asking again would not mend.
var (
	errEndless  = errors.New("the list does not end: a page token repeats, or there are more than 1000 pages")
	errTooLarge = errors.New("the answer is longer than 16 MiB")
)

// eachPage reads a list page by page: read is given the token of a page, which is nil for the first, and returns that
// of the next, or nil.
func eachPage(read func(token *string) (next *string, err error)) error {
	seen := map[string]bool{}
	var token *string
	for range maxPages {
		next, err := read(token)
		if err != nil || next == nil || *next == "" {
			return err
		}
		if seen[*next] {
			return errEndless
		}
		seen[*next] = true
		token = next
	}
	return errEndless
}
