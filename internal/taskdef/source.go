package taskdef

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// One budget for every document that a person hands over, whatever it is written in. No task definition comes near:
// ECS takes 64 KiB of them (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html).
const (
	// MaxSource is how long a document may be, in bytes.
	MaxSource = 1 << 20

	maxDepth  = 100
	maxText   = 4 * MaxSource // with what aliases repeat
	maxValues = 20_000        // with what aliases repeat
)

// Text is what a file or an input holds, without a byte order mark. The error names the encoding, where it is another
// than UTF-8, and the place.
func Text(source []byte) (string, error) {
	if len(source) > MaxSource {
		return "", fmt.Errorf("it is longer than %d KiB, which is more than any document of ECS", MaxSource>>10)
	}
	if bytes.HasPrefix(source, []byte("\xfe\xff")) || bytes.HasPrefix(source, []byte("\xff\xfe")) ||
		bytes.IndexByte(source[:min(len(source), 4)], 0) >= 0 {
		return "", errors.New("it is in UTF-16: save it as UTF-8")
	}
	source = bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(source) {
		line, column := invalidAt(source)
		return "", fmt.Errorf("line %d, column %d: it is not in UTF-8, but most likely in Latin-1 (ISO 8859-1, "+
			"Windows-1252): save it as UTF-8", line, column)
	}
	return string(source), nil
}

// invalidAt is where a text ceases to be UTF-8.
func invalidAt(source []byte) (line, column int) {
	at := 0
	for at < len(source) {
		r, size := utf8.DecodeRune(source[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return position(source, at)
}

// position is the line and column of a byte. Both begin at one.
func position(source []byte, at int) (line, column int) {
	before := source[:min(max(at, 0), len(source))]
	return 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}
