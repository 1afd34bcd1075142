package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithy "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ecs-deploy/internal/rollout"
)

// onAnswer adds a middleware that sees each answer before the SDK reads it.
func onAnswer(id string, see func(*smithyhttp.Response) error) func(*smithy.Stack) error {
	return func(stack *smithy.Stack) error {
		return stack.Deserialize.Add(smithy.DeserializeMiddlewareFunc(
			id,
			func(ctx context.Context, in smithy.DeserializeInput, next smithy.DeserializeHandler) (
				smithy.DeserializeOutput, smithy.Metadata, error,
			) {
				out, metadata, err := next.HandleDeserialize(ctx, in)
				if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil {
					err = see(response)
				}
				return out, metadata, err
			},
		), smithy.After)
	}
}

// wholeAnswers makes an answer that is empty or was cut off a lost connection, which the SDK repeats:
// by itself it takes an empty one for good.
var wholeAnswers = onAnswer("WholeAnswers", func(response *smithyhttp.Response) error {
	body, err := readWhole(response)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return err
})

// readWhole reads a body. That of an error may be empty.
func readWhole(response *smithyhttp.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	response.Body.Close()
	if len(body) > maxAnswer {
		return nil, errTooLarge
	}
	isXML := strings.Contains(response.Header.Get("Content-Type"), "xml")
	empty, good := len(body) == 0, response.StatusCode == http.StatusOK
	switch {
	case err == nil && isWebPage(response.Header, body):
		err = webPage{response.StatusCode}
	case err == nil && (empty && good || !empty && !isXML && !json.Valid(body) || !empty && isXML && !isWholeXML(body)):
		err = errNoAnswer
	}
	if err != nil {
		return nil, &smithyhttp.RequestSendError{Err: err}
	}
	return body, nil
}

// isWholeXML tells whether a document in XML goes to its end.
func isWholeXML(body []byte) bool {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	for {
		if _, err := decoder.Token(); err != nil {
			return err == io.EOF
		}
	}
}

// isWebPage tells a web page from the answers of AWS, which are JSON or XML.
func isWebPage(header http.Header, body []byte) bool {
	start := strings.ToLower(string(bytes.TrimSpace(body[:min(len(body), 64)])))
	return strings.HasPrefix(header.Get("Content-Type"), "text/html") && !json.Valid(body) ||
		strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

// takeAnswer takes the body of a good answer out of the SDK's hands, which sees an empty object in
// its place. Members that the SDK does not know would be lost on their way through its types, and
// numbers that its types do not hold would make the call fail.
func takeAnswer(into *[]byte) func(*smithy.Stack) error {
	return onAnswer("TakeAnswer", func(response *smithyhttp.Response) (err error) {
		if response.StatusCode != http.StatusOK {
			return nil
		}
		*into, err = readWhole(response)
		response.Body = io.NopCloser(strings.NewReader("{}"))
		return err
	})
}

// sendBody replaces what the SDK wrote, after it has written it: signing, retries and endpoints stay
// the SDK's.
func sendBody(body []byte) func(*smithy.Stack) error {
	return func(stack *smithy.Stack) error {
		return stack.Serialize.Add(smithy.SerializeMiddlewareFunc(
			"SendBody",
			func(ctx context.Context, in smithy.SerializeInput, next smithy.SerializeHandler) (
				smithy.SerializeOutput, smithy.Metadata, error,
			) {
				request, err := in.Request.(*smithyhttp.Request).SetStream(bytes.NewReader(body))
				if err != nil {
					return smithy.SerializeOutput{}, smithy.Metadata{}, err
				}
				in.Request = request
				return next.HandleSerialize(ctx, in)
			},
		), smithy.After)
	}
}

// reportCalls tells of each attempt of each call.
func reportCalls(emit rollout.Emit) func(*smithy.Stack) error {
	return func(stack *smithy.Stack) error {
		return stack.Deserialize.Add(smithy.DeserializeMiddlewareFunc(
			"ReportCalls",
			func(ctx context.Context, in smithy.DeserializeInput, next smithy.DeserializeHandler) (
				smithy.DeserializeOutput, smithy.Metadata, error,
			) {
				began := time.Now()
				out, metadata, err := next.HandleDeserialize(ctx, in)
				id, _ := middleware.GetRequestIDMetadata(metadata)
				emit(rollout.Called{
					Service: middleware.GetServiceID(ctx), Operation: middleware.GetOperationName(ctx),
					Took: time.Since(began), RequestID: id, Err: text(err),
				})
				return out, metadata, err
			},
		), smithy.Before)
	}
}

// endLate ends calls that take longer: their error is errLate then.
func endLate(timeout time.Duration) func(*smithy.Stack) error {
	return func(stack *smithy.Stack) error {
		return stack.Initialize.Add(smithy.InitializeMiddlewareFunc(
			"EndLate",
			func(ctx context.Context, in smithy.InitializeInput, next smithy.InitializeHandler) (
				smithy.InitializeOutput, smithy.Metadata, error,
			) {
				within, cancel := context.WithTimeoutCause(ctx, timeout, errLate)
				defer cancel()
				out, metadata, err := next.HandleInitialize(within, in)
				if err != nil && ctx.Err() == nil && within.Err() != nil {
					err = errLate
				}
				return out, metadata, err
			},
		), smithy.Before)
	}
}

// text is what an error says, or nothing if there is none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
