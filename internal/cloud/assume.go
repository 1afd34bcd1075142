package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	smithyerrors "github.com/aws/smithy-go"
	smithy "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ecs-deploy/internal/oidc"
	"ecs-deploy/internal/rollout"
)

const (
	// assumeTimeout is how long a role is tried to be assumed: what has not passed by then is no hiccup,
	// and an identity token is good for five minutes only.
	assumeTimeout = 20 * time.Second

	// renewalAge is how long before they expire credentials are replaced. An attempt to do so may take
	// renewTimeout and, as long as the old ones are good, is made anew after renewInterval.
	renewalAge    = 5 * time.Minute
	renewTimeout  = 5 * time.Second
	renewInterval = 15 * time.Second

	defaultSessionAge = time.Hour
)

// assumer gets the credentials of a role, again and again for as long as they are needed. It stands
// behind an aws.CredentialsCache, which lets one caller through at a time.
type assumer struct {
	client  *Client
	sts     *sts.Client
	role    AssumedRole
	expires time.Time // when the credentials that were got last are no good any more
	current atomic.Pointer[issue]
	dropped atomic.Bool // AWS no longer takes them
}

// issue is which credentials were got, and when.
type issue struct {
	key string
	at  time.Time
}

func newAssumer(cfg aws.Config, role AssumedRole, client *Client) *assumer {
	once := cfg.Copy()
	once.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	once.APIOptions = append(once.APIOptions, reportCalls(client.emit), wholeAnswers)
	return &assumer{client: client, sts: sts.NewFromConfig(once), role: role}
}

// Retrieve assumes the role. It tries again what may pass, with jitter, each time with a new token.
func (a *assumer) Retrieve(ctx context.Context) (got aws.Credentials, err error) {
	defer func() { // it runs in a goroutine of the SDK's, where a panic would end the process
		if fault := recover(); fault != nil {
			err = &rollout.Problem{Kind: rollout.Refused, What: fmt.Sprintf("internal error while getting credentials: "+
				"%v", fault)}
		}
	}()
	again := !a.expires.IsZero()
	if a.dropped.Swap(false) {
		a.expires = time.Now()
	}
	limit := assumeTimeout
	if time.Now().Before(a.expires) {
		limit = renewTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	session, err := a.attempts(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	a.expires = *session.Credentials.Expiration
	a.current.Store(&issue{deref(session.Credentials.AccessKeyId), time.Now()})
	with := "the AWS credentials of the job"
	if a.role.Token != nil {
		with = "the identity token of the job"
	}
	good := time.Until(a.expires).Round(time.Second)
	a.client.emit(rollout.RoleAssumed{Session: deref(session.AssumedRoleUser.Arn), With: with, MaxAge: good, Again: again})
	return aws.Credentials{
		AccessKeyID: deref(session.Credentials.AccessKeyId), SecretAccessKey: deref(session.Credentials.SecretAccessKey),
		SessionToken: deref(session.Credentials.SessionToken),
		CanExpire:    true, Expires: a.expires.Add(-min(renewalAge, good/3)),
	}, nil
}

// HandleFailToRefresh keeps the old credentials for as long as they are good.
func (a *assumer) HandleFailToRefresh(_ context.Context, old aws.Credentials, err error) (aws.Credentials, error) {
	next := time.Now().Add(renewInterval)
	if !old.HasKeys() || !next.Before(a.expires) {
		return aws.Credentials{}, err
	}
	old.Expires = next
	return old, nil
}

// session is what both ways to assume a role answer.
type session struct {
	Credentials     *types.Credentials
	AssumedRoleUser *types.AssumedRoleUser
}

// attempts assumes the role until that is done, refused, or the timeout is over.
func (a *assumer) attempts(ctx context.Context) (session, error) {
	for attempt := 1; ; attempt++ {
		got, err := a.assume(ctx)
		var trouble *transientProblem
		if !errors.As(err, &trouble) {
			return got, err
		}
		if attempt == a.client.asked || a.client.Pause(ctx, a.client.backoff(attempt)) != nil {
			return session{}, trouble.problem
		}
	}
}

// transientProblem is a problem that may be gone at the next attempt.
type transientProblem struct{ problem *rollout.Problem }

func (p *transientProblem) Error() string { return p.problem.Error() }

// assume assumes the role once.
func (a *assumer) assume(ctx context.Context) (session, error) {
	if a.role.Token == nil {
		return a.withKeys(ctx)
	}
	began := time.Now()
	token, err := a.role.Token(ctx)
	a.client.emit(rollout.SecretLearned{Values: []string{token.JWT}})
	a.client.emit(rollout.Called{Service: "GitHub", Operation: "identity token", Took: time.Since(began), Err: text(err)})
	if err != nil {
		return session{}, tokenProblem(err)
	}
	out, err := a.sts.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          &a.role.ARN,
		RoleSessionName:  &a.role.SessionName,
		WebIdentityToken: &token.JWT,
		DurationSeconds:  a.seconds(),
	})
	if err != nil {
		return session{}, a.refused(ctx, viaToken, err, token.Claims)
	}
	return a.take(session{out.Credentials, out.AssumedRoleUser})
}

func (a *assumer) withKeys(ctx context.Context) (session, error) {
	in := &sts.AssumeRoleInput{RoleArn: &a.role.ARN, RoleSessionName: &a.role.SessionName, DurationSeconds: a.seconds()}
	if a.role.ExternalID != "" {
		in.ExternalId = &a.role.ExternalID
	}
	out, err := a.sts.AssumeRole(ctx, in)
	if err != nil {
		return session{}, a.refused(ctx, viaKeys, err, oidc.Claims{})
	}
	return a.take(session{out.Credentials, out.AssumedRoleUser})
}

func (a *assumer) seconds() *int32 {
	length := defaultSessionAge
	if a.role.MaxAge > 0 {
		length = a.role.MaxAge
	}
	return aws.Int32(int32(length.Seconds()))
}

// take checks that an answer is whole, and has its secrets masked.
func (a *assumer) take(got session) (session, error) {
	if got.Credentials == nil || got.Credentials.Expiration == nil || got.AssumedRoleUser == nil {
		return session{}, &transientProblem{
			&rollout.Problem{Kind: rollout.Refused, What: "STS answers without credentials for " + a.role.ARN},
		}
	}
	a.client.emit(rollout.SecretLearned{Values: []string{
		deref(got.Credentials.AccessKeyId), deref(got.Credentials.SecretAccessKey), deref(got.Credentials.SessionToken),
	}})
	return got, nil
}

// tokenProblem is why there is no identity token.
func tokenProblem(err error) error {
	p := tokenRefused.problem(rollout.Refused)
	var refused *oidc.Refused
	if errors.As(err, &refused) {
		p.What = refused.Error()
		return p
	}
	p.What = "the runner could not be asked for an identity token: " + innermost(err).Error()
	return &transientProblem{p}
}

// refused is why STS gives no credentials. The error of AWS is not in its chain: it is about another
// call than the one that needed the credentials.
func (a *assumer) refused(ctx context.Context, call string, err error, claims oidc.Claims) error {
	known, found := credentialError(call, err)
	if !found {
		return a.unknown(ctx, call, err)
	}
	known = known.with(a.role, claims)
	p := known.problem(rollout.Refused)
	var api smithyerrors.APIError
	if errors.As(err, &api) {
		p.What += fmt.Sprintf(" (%s: %s)", api.ErrorCode(), api.ErrorMessage())
	}
	if known.claims {
		p.Detail = claims.Compare(a.role.ARN)
	}
	if known.passes {
		return &transientProblem{p}
	}
	return p
}

// unknown is an error of which nothing special is known.
func (a *assumer) unknown(ctx context.Context, call string, err error) error {
	problem := a.client.problem(context.WithoutCancel(ctx), err, "sts:"+call, "role "+a.role.ARN)
	var p *rollout.Problem
	if !errors.As(problem, &p) {
		return problem
	}
	p.Err = nil
	if Transient(err) || ctx.Err() != nil {
		return &transientProblem{p}
	}
	return p
}

// renewStale has credentials replaced that AWS no longer takes.
func (a *assumer) renewStale(cache *aws.CredentialsCache) func(*smithy.Stack) error {
	return func(stack *smithy.Stack) error {
		return stack.Deserialize.Add(smithy.DeserializeMiddlewareFunc(
			"RenewStale",
			func(ctx context.Context, in smithy.DeserializeInput, next smithy.DeserializeHandler) (
				smithy.DeserializeOutput, smithy.Metadata, error,
			) {
				out, metadata, err := next.HandleDeserialize(ctx, in)
				request, _ := in.Request.(*smithyhttp.Request)
				if err == nil || request == nil {
					return out, metadata, err
				}
				old, drop := a.renewable(err, request.Header.Get("Authorization"))
				if drop {
					a.dropped.Store(true)
					cache.Invalidate()
				}
				if old || drop {
					err = stale{err}
				}
				return out, metadata, err
			},
		), smithy.Before)
	}
}

// stale is the answer to credentials that AWS holds for expired before their time: they are replaced,
// and the call is worth another attempt.
type stale struct{ error }

func (stale) RetryableError() bool { return true }

func (s stale) Unwrap() error { return s.error }

// freshAge is how long credentials are as good as can be had.
const freshAge = time.Minute

// renewable tells of an error whether the call was signed with old credentials, in whose place there are
// others already, or with the current ones, which are to be dropped since others may help.
func (a *assumer) renewable(err error, authorization string) (old, drop bool) {
	known, found := credentialError("", err)
	now := a.current.Load()
	if !found || !known.renews || now == nil {
		return false, false
	}
	old = !strings.Contains(authorization, "Credential="+now.key+"/")
	return old, !old && time.Since(now.at) > freshAge
}
