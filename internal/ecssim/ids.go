package ecssim

import (
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"strings"
)

// ids gives ids in the shapes that ECS gives them [SEEN]. They are random, and the same every time for
// the same name: each service has its own, so that they do not depend on who else is deployed when.
type ids struct{ random *rand.Rand }

func newIDs(name string) ids {
	seed := fnv.New64a()
	io.WriteString(seed, name)
	return ids{rand.New(rand.NewPCG(seed.Sum64(), 1))}
}

func (i ids) task() string {
	return fmt.Sprintf("%016x%016x", i.random.Uint64(), i.random.Uint64())
}

func (i ids) event() string {
	id := i.task()
	return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
}

// deployment is a number of 19 digits.
func (i ids) deployment() string { return fmt.Sprint(int64(1e18) + i.random.Int64N(8e18)) }

func (i ids) serviceDeployment() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	id := make([]byte, 21)
	for at := range id {
		id[at] = alphabet[i.random.IntN(len(alphabet))]
	}
	return string(id)
}
