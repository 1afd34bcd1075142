// Package cloud is everything that is said to AWS, in our words. It alone knows the SDK: what comes
// in and goes out are the nouns of package rollout, and the errors are *rollout.Problem, which tell
// the call, the thing that it was about, and what to do.
package cloud

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"ecs-deploy/internal/rollout"
)

// HTTPClient sends requests. A simulator is one.
type HTTPClient interface {
	Do(*http.Request) (*http.Response, error)
}

// Options are what a Client is made of.
type Options struct {
	// Place is where the services are. Without a region: where the environment or the profile says.
	Place rollout.Place
	// Credentials are what to call with.
	Credentials Credentials
	// HTTP takes the place of the network and, with it, of all that this machine's environment says
	// about AWS. The region must be given then.
	HTTP HTTPClient
	// Attempts are how often a call is made before its error counts, also of STS; 0: as often as is usual. Those who come
	// again by themselves, as the wait does, are not bound to it.
	Attempts int
	// Jitter gives numbers from 0 to 1, by which the waits between attempts are shortened.
	Jitter func() float64
	// Emit is told of each call.
	Emit rollout.Emit
}

// Client speaks to AWS in one region of one account.
type Client struct {
	ecs     *ecs.Client
	config  aws.Config // for the clients of other services, which few runs need
	bare    aws.Config // the same, before its calls are reported and paced
	place   rollout.Place
	apart   bool     // there are others, from whose its errors are told by the region
	role    string   // that is assumed
	assumer *assumer // nil where no role is assumed
	most    int      // attempts
	asked   int      // attempts, as the user wants them; 0: as often as is usual
	jitter  func() float64
	emit    rollout.Emit

	learned *learned
}

const (
	// attempts are how often a call is made before its error counts: more than the SDK's three, since
	// a burst of throttling lasts longer than those.
	attempts = 8

	// callTimeout ends a call that hangs: the SDK sets no limit of its own.
	callTimeout = 30 * time.Second

	// promptTimeout is the same for a caller who comes again by himself.
	promptTimeout = 10 * time.Second

	maxBackoffInterval = 20 * time.Second
)

// Open makes a client. It calls nobody.
func Open(ctx context.Context, options Options) (*Client, error) {
	c := &Client{
		most:   cmp.Or(options.Attempts, attempts),
		asked:  options.Attempts,
		jitter: options.Jitter,
		emit:   options.Emit,

		learned: &learned{},
	}
	cfg, err := c.load(ctx, options)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, &rollout.Problem{
			Kind: rollout.BadInput, What: "no AWS region is set",
			Next: "Give aws-region, set AWS_REGION in the environment, or give the cluster or service by its ARN.",
		}
	}
	c.place = rollout.Place{Region: cfg.Region, Account: options.Place.Account}
	c.role = options.Credentials.Role.ARN
	cfg.Retryer = func() aws.Retryer { return c.retryer(retry.DefaultRetryables, tooManyRegistrations, garbled) }
	c.bare = cfg
	c.configure(cfg)
	return c, nil
}

// configure has all calls reported, checked and paced.
func (c *Client) configure(cfg aws.Config) {
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), reportCalls(c.emit), wholeAnswers, paced())
	if c.assumer != nil {
		cfg.APIOptions = append(cfg.APIOptions, c.assumer.renewStale(cfg.Credentials.(*aws.CredentialsCache)))
	}
	c.config, c.ecs = cfg, ecs.NewFromConfig(cfg)
}

// retryer repeats what is retryable. The SDK's own brake on the number of retries is off: a
// deployment makes few calls, and must outlast a bad minute.
func (c *Client) retryer(retryables []retry.IsErrorRetryable, more ...retry.IsErrorRetryable) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = c.most
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			return c.backoff(attempt), nil
		})
		o.Retryables = append(append([]retry.IsErrorRetryable{}, retryables...), more...)
	})
}

// backoff is the wait after that many attempts: doubling, with full jitter.
func (c *Client) backoff(attempt int) time.Duration {
	longest := min(time.Second<<min(attempt, 10), maxBackoffInterval)
	return time.Duration(c.jitter() * float64(longest))
}

// WithoutRetry is a client that makes each call once, and waits for none for long, for a caller who comes again by
// himself.
func (c *Client) WithoutRetry() *Client {
	once := *c
	once.config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	once.config.APIOptions = append(slices.Clip(once.config.APIOptions), endLate(promptTimeout))
	once.ecs = ecs.NewFromConfig(once.config)
	return &once
}

// withAttempts is a client that makes each call at most so often.
func (c *Client) withAttempts(most int) *Client {
	brief := *c
	brief.most = min(most, c.most)
	brief.config.Retryer = func() aws.Retryer { return brief.retryer(retry.DefaultRetryables, garbled) }
	brief.ecs = ecs.NewFromConfig(brief.config)
	return &brief
}

// Jittered is d, a tenth more or less, so that many runners do not call in step.
func (c *Client) Jittered(d time.Duration) time.Duration {
	return time.Duration((0.9 + 0.2*c.jitter()) * float64(d))
}

// Pause sleeps for about d. When the context ends first, the error is its cause.
func (c *Client) Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(c.Jittered(d))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
