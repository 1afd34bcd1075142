package taskdef

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest is the name of a list that a name was most likely meant to be: one that differs from it in a letter or two,
// in case, or in what joins its words. It is empty where there is none, or the name itself is in the list.
func Nearest(name string, names []string) string {
	simple := func(name string) string {
		return strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(name))
	}
	nearest, least := "", min(3, 1+len(name)/3)
	for _, other := range names {
		if other == name {
			return ""
		}
		if distance := levenshtein.ComputeDistance(simple(name), simple(other)); distance < least {
			nearest, least = other, distance
		}
	}
	return nearest
}
