package cloud

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithy "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ecs-deploy/internal/rollout"
)

// keepAnswer copies the body of the answer before the SDK reads it, so that members that the SDK
// does not know are not lost.
func keepAnswer(into *[]byte) func(*smithy.Stack) error {
	return func(stack *smithy.Stack) error {
		return stack.Deserialize.Add(smithy.DeserializeMiddlewareFunc("KeepAnswer",
			func(ctx context.Context, in smithy.DeserializeInput, next smithy.DeserializeHandler) (smithy.DeserializeOutput, smithy.Metadata, error) {
				out, metadata, err := next.HandleDeserialize(ctx, in)
				response, ok := out.RawResponse.(*smithyhttp.Response)
				if err != nil || !ok {
					return out, metadata, err
				}
				body, err := io.ReadAll(response.Body)
				response.Body.Close()
				response.Body = io.NopCloser(bytes.NewReader(body))
				*into = body
				return out, metadata, err
			}), smithy.After)
	}
}

// sendBody replaces what the SDK wrote, after it has written it: signing, retries and endpoints stay
// the SDK's.
func sendBody(body []byte) func(*smithy.Stack) error {
	return func(stack *smithy.Stack) error {
		return stack.Serialize.Add(smithy.SerializeMiddlewareFunc("SendBody",
			func(ctx context.Context, in smithy.SerializeInput, next smithy.SerializeHandler) (smithy.SerializeOutput, smithy.Metadata, error) {
				request, err := in.Request.(*smithyhttp.Request).SetStream(bytes.NewReader(body))
				if err != nil {
					return smithy.SerializeOutput{}, smithy.Metadata{}, err
				}
				in.Request = request
				return next.HandleSerialize(ctx, in)
			}), smithy.After)
	}
}

// reportCalls tells of each attempt of each call.
func reportCalls(emit rollout.Emit) func(*smithy.Stack) error {
	return func(stack *smithy.Stack) error {
		return stack.Deserialize.Add(smithy.DeserializeMiddlewareFunc("ReportCalls",
			func(ctx context.Context, in smithy.DeserializeInput, next smithy.DeserializeHandler) (smithy.DeserializeOutput, smithy.Metadata, error) {
				began := time.Now()
				out, metadata, err := next.HandleDeserialize(ctx, in)
				id, _ := middleware.GetRequestIDMetadata(metadata)
				emit(rollout.Called{
					Service: middleware.GetServiceID(ctx), Operation: middleware.GetOperationName(ctx),
					Took: time.Since(began), RequestID: id, Err: err,
				})
				return out, metadata, err
			}), smithy.Before)
	}
}
