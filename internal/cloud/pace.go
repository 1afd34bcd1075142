package cloud

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithy "github.com/aws/smithy-go/middleware"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// atOnce is how many calls are made at the same time, where many are to be made.
const atOnce = 8

// buckets are how often ECS lets each group of operations be called, by account and region: so many
// at once, and so many a second in the long run
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html). We leave some of
// it to others.
var buckets = []struct {
	burst      int
	perSecond  rate.Limit
	operations []string
}{
	{10, 0.8, []string{"RegisterTaskDefinition", "DeregisterTaskDefinition"}},
	{25, 15, []string{"DescribeTaskDefinition", "ListTaskDefinitions"}},
	{45, 4.5, []string{"UpdateService"}},
	{50, 15, []string{"DescribeServices", "ListServices"}},
	{25, 15, []string{"DescribeServiceDeployments", "ListServiceDeployments"}},
	{25, 15, []string{"DescribeServiceRevisions"}},
	{50, 15, []string{"DescribeTasks", "ListTasks"}},
}

// paced keeps calls within the buckets. Each attempt counts.
func paced() func(*smithy.Stack) error {
	limiters := map[string]*rate.Limiter{}
	for _, bucket := range buckets {
		limiter := rate.NewLimiter(bucket.perSecond, bucket.burst)
		for _, operation := range bucket.operations {
			limiters[operation] = limiter
		}
	}
	return func(stack *smithy.Stack) error {
		return stack.Finalize.Insert(smithy.FinalizeMiddlewareFunc(
			"Pace",
			func(ctx context.Context, in smithy.FinalizeInput, next smithy.FinalizeHandler) (
				smithy.FinalizeOutput, smithy.Metadata, error,
			) {
				if limiter := limiters[middleware.GetOperationName(ctx)]; limiter != nil {
					if err := turn(ctx, limiter); err != nil {
						return smithy.FinalizeOutput{}, smithy.Metadata{}, notSent{err}
					}
				}
				return next.HandleFinalize(ctx, in)
			},
		), "Retry", smithy.After)
	}
}

// turn waits until it is a call's turn.
func turn(ctx context.Context, limiter *rate.Limiter) error {
	waiting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if halted, is := ctx.Value(haltedKey{}).(context.Context); is {
		defer context.AfterFunc(halted, func() { stop(errHalted) })()
	}
	err := limiter.Wait(waiting)
	if err == nil {
		return nil
	}
	<-waiting.Done() // it may have told before that its turn would come too late
	return context.Cause(waiting)
}

// notSent is the error of a call whose turn did not come.
type notSent struct{ error }

func (n notSent) Unwrap() error { return n.error }

// NotSent tells whether an error is that of a call that was never sent: it has no effect.
func NotSent(err error) bool { return errors.As(err, new(notSent)) }

var errHalted = errors.New("nothing more is begun")

type haltedKey struct{}

// Until is a context in which calls that wait for their turn are not sent any more when another context ends.
func Until(ctx, halted context.Context) context.Context {
	return context.WithValue(ctx, haltedKey{}, halted)
}

// Each does something for every item, some of them at the same time. After an error none that comes
// later is begun, but what is under way is not broken off: its effect would not be known. The error of
// the first item that has one is returned.
func Each[Item any](ctx context.Context, items []Item, do func(context.Context, int, Item) error) error {
	return each(ctx, atOnce, items, nil, do)
}

// EachAdmitted is the same, but each is only begun when it is admitted, in their order; false: neither it nor any that
// comes later is.
func EachAdmitted[Item any](
	ctx context.Context, items []Item, admit func() bool, do func(context.Context, int, Item) error,
) error {
	return each(ctx, atOnce, items, admit, do)
}

// Together does a few things at the same time that do not depend on each other: all of them, also when one has an
// error. It returns the error of the first that has one.
func Together(ctx context.Context, things ...func(context.Context) error) error {
	errs := make([]error, len(things))
	_ = Each(ctx, things, func(ctx context.Context, i int, do func(context.Context) error) error {
		errs[i] = do(ctx)
		return nil
	})
	return cmp.Or(errs...)
}

func each[Item any](
	ctx context.Context, atOnce int, items []Item, admit func() bool, do func(context.Context, int, Item) error,
) error {
	if len(items) == 1 && admit == nil { // a goroutine would only have its stack grow
		return do(ctx, 0, items[0])
	}
	var group errgroup.Group
	var mu sync.Mutex
	var fault any
	errs, failed := make([]error, len(items)), len(items)
	group.SetLimit(atOnce)
	isOver := func(i int) bool {
		mu.Lock()
		defer mu.Unlock()
		return i > failed
	}
	for i, item := range items {
		if isOver(i) || admit != nil && (!admit() || isOver(i)) {
			break
		}
		group.Go(func() error {
			defer func() { // in a goroutine it would end the process
				if caught := recover(); caught != nil {
					mu.Lock()
					fault, failed = caught, min(failed, i)
					mu.Unlock()
				}
			}()
			if isOver(i) {
				return nil
			}
			if errs[i] = do(ctx, i, item); errs[i] != nil {
				mu.Lock()
				failed = min(failed, i)
				mu.Unlock()
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are kept by item
	if fault != nil {
		panic(fault)
	}
	return cmp.Or(errs...)
}
