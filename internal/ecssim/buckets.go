package ecssim

import (
	"slices"
	"time"
)

// bucket is how ECS limits calls, per account and region: so many at once, and so many a second that
// come back (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html).
type bucket struct {
	operations  []string
	burst, rate float64
}

var buckets = []bucket{
	{[]string{"RegisterTaskDefinition", "DeregisterTaskDefinition"}, 20, 1},
	{[]string{"DescribeTaskDefinition", "ListTaskDefinitions"}, 50, 20},
	{[]string{"UpdateService"}, 50, 5},
	{[]string{"DescribeServices", "ListServices"}, 100, 20},
	{[]string{"DescribeServiceDeployments", "ListServiceDeployments"}, 50, 20},
	{[]string{"DescribeTasks", "ListTasks"}, 100, 20},
	{[]string{"DescribeServiceRevisions"}, 50, 20},
	{[]string{"RunTask", "StopTask"}, 100, 40},
}

// level is what is left in a bucket.
type level struct {
	tokens float64
	at     time.Time
}

// throttled takes a token for a call, or tells that there is none.
func (s *Sim) throttled(operation string) bool {
	at := slices.IndexFunc(buckets, func(b bucket) bool { return slices.Contains(b.operations, operation) })
	if at < 0 {
		return false
	}
	b, l := buckets[at], s.levels[at]
	if l == nil {
		l = &level{b.burst, s.clock}
		s.levels[at] = l
	}
	l.tokens = min(b.burst, l.tokens+b.rate*s.clock.Sub(l.at).Seconds())
	l.at = s.clock
	if l.tokens < 1 {
		s.throttles++
		return true
	}
	l.tokens--
	return false
}

// Throttled is how many calls were more than ECS takes.
func (s *Sim) Throttled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	throttles := 0
	s.everywhere(func(_ place, world *Sim) { throttles += world.throttles })
	return throttles
}
