package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"ecs-deploy/internal/lazy"
	"ecs-deploy/internal/oidc"
	"ecs-deploy/internal/rollout"
)

// errNoAnswer is an answer with status 200 and not what was asked for in it: the SDK takes an empty
// one for good.
var errNoAnswer = errors.New("the answer is empty, or was cut off")

// errLate is the end of what is not waited for any longer.
var errLate = errors.New("no answer came in time")

// webPage is an answer that something between here and AWS gave: a proxy, a gateway, or the log-in of a network.
type webPage struct{ status int }

func (w webPage) Error() string {
	return fmt.Sprintf("a web page came instead of an answer from AWS (HTTP %d)", w.status)
}

// tooManyRegistrations makes RegisterTaskDefinition wait its turn: two pipelines of one family that
// register at once are told "Too many concurrent attempts to create a new revision of the specified
// family." as a ClientException, which the SDK does not repeat.
var tooManyRegistrations = retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
	var api smithy.APIError
	if errors.As(err, &api) && strings.Contains(api.ErrorMessage(), "Too many concurrent attempts") {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
})

// throttled are the errors that say that nothing was done, and that it may be tried again.
var throttled = []retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes}}

// garbled are errors whose answer tells no code: what was refused, and whether anything was, is not known then. The
// SDK calls them so (https://github.com/aws/aws-sdk-go-v2/blob/main/service/ecs/deserializers.go).
var garbled = retry.RetryableErrorCode{Codes: map[string]struct{}{"UnknownError": {}}}

// Transient tells whether the call may go well when it is made again: throttles, faults of the
// server, connections and answers that were cut off.
func Transient(err error) bool {
	var broken *smithy.DeserializationError
	return isAny(err, errLate, errNoAnswer) || errors.As(err, &broken) ||
		garbled.IsErrorRetryable(err) == aws.TrueTernary ||
		retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

func isAny(err error, known ...error) bool {
	return slices.ContainsFunc(known, func(k error) bool { return errors.Is(err, k) })
}

// Throttled tells whether AWS refused a call because there were too many.
func Throttled(err error) bool {
	return err != nil && retry.IsErrorRetryables(throttled).IsErrorRetryable(err) == aws.TrueTernary
}

// unanswered tells whether a call may have had its effect although it failed.
func unanswered(err error) bool {
	return Transient(err) && !Throttled(err)
}

// code is the error code that AWS gave, or "".
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// NotAllowed tells whether the credentials are good but do not allow the call.
func NotAllowed(err error) bool {
	switch code(err) {
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
		return true
	}
	return false
}

// Unsupported tells whether ECS, in this region or for this service, does not have the call.
func Unsupported(err error) bool {
	switch code(err) {
	case "UnsupportedFeatureException", "UnknownOperationException":
		return true
	}
	return false
}

// problem puts an error of AWS into our words. The action is as IAM writes it, "ecs:UpdateService";
// the resource is what it was about, "service web". An error that is a context's own stays one.
func (c *Client) problem(ctx context.Context, err error, action, resource string) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errLate):
		err = cause
	case cause != nil:
		return cause
	}
	if c.apart {
		resource += " in " + c.place.Region
	}
	what := func(format string, args ...any) string {
		return action + " for " + resource + ": " + fmt.Sprintf(format, args...)
	}
	var known *rollout.Problem
	if errors.As(err, &known) { // on the way to the call, in getting credentials
		return known
	}
	p := &rollout.Problem{Kind: rollout.Refused, Err: err}
	var api smithy.APIError
	isAPI := errors.As(err, &api)
	credentials, isCredentials := credentialError("", err)
	switch {
	case NotAllowed(err):
		p.What, p.Short = what("not allowed"), action+" is not allowed"
		p.Next = allow(action, api.ErrorMessage())
	case isCredentials:
		credentials = credentials.with(AssumedRole{}, oidc.Claims{})
		p.What, p.Next = what("%s", credentials.What), credentials.Next
		p.Short = credentials.Name
	case chainEnded(err):
		p.What, p.Next = noCredentials.What, noCredentials.Next
		p.Short = noCredentials.Name
	case Throttled(err):
		p.What = what("AWS throttled the calls (%s)", api.ErrorMessage())
		p.Next, p.Short = "Run fewer deployments at once in this account and region, or try again.", "throttled by AWS"
	case isAPI:
		p.What = what("%s (%s)", cmp.Or(api.ErrorMessage(), "no message"), api.ErrorCode())
	case errors.As(err, new(webPage)):
		p.What = what("%v", innermost(err))
		p.Next = "Check what stands between the runner and AWS: HTTPS_PROXY, AWS_ENDPOINT_URL and the runner's network."
	case isAny(err, errLate, errNoAnswer, errTooLarge, errEndless):
		p.What = what("%v", innermost(err))
	case errors.As(err, new(*smithy.DeserializationError)):
		p.What = what("the answer cannot be read: %v", innermost(err))
		p.Next = "If AWS_ENDPOINT_URL is set, check that AWS answers there."
	default:
		return c.unreached(err, what(""))
	}
	return p
}

// perhapsDone is the problem of a call that changes something, and whose answer cannot be read or never came. It says
// that it may have had its effect, and why that could not be looked up, if that was tried. The end of a context stays
// what it is.
func perhapsDone(err, look error) error {
	var lost *rollout.Problem
	if !errors.As(err, &lost) {
		return rollout.PerhapsDone{Err: err}
	}
	told := *lost
	told.What += "; it may have taken effect"
	next := lost.Next
	if look != nil {
		told.What += ", which could not be looked up: " + look.Error()
		next = rollout.Remedy(look)
	}
	told.Next = strings.TrimSpace("Check whether it did before you run this again. " + next)
	return rollout.PerhapsDone{Err: &told}
}

// denial finds who and what in AWS's sentence on a denial: "User: … is not authorized to perform: …
// on resource: …".
var denial = lazy.Regexp(`User: (\S+) is not authorized to perform: (\S+) on resource: (\S+)`)

func allow(action, message string) string {
	if found := denial().FindStringSubmatch(message); found != nil {
		return fmt.Sprintf("Allow %s on %s for %s.", found[2], found[3], found[1])
	}
	return fmt.Sprintf("Allow %s for the role that deploys. AWS says: %s", action, message)
}

// chainEnded recognizes that the SDK's chain came to its end. The SDK has no type for it.
func chainEnded(err error) bool {
	return strings.Contains(err.Error(), "get credentials") || strings.Contains(err.Error(), "failed to refresh cached "+
		"credentials")
}

// innermost is the last error of a chain, without all that was wrapped around it.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
