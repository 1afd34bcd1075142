# The bases are build arguments, so that a build without a registry can bring its own.
ARG GO_IMAGE=golang:1.26.8
ARG BASE_IMAGE=alpine:3.22

# The compiler runs on the machine that builds, for whatever platform the image is to be.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go ./
COPY internal internal
ARG TARGETOS TARGETARCH
ARG VERSION=dev
ARG COMMIT=unknown
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /ecs-deploy .

# Not scratch: runners in Kubernetes start actions with sh, tail, mv, rm and env of the image
# (https://github.com/actions/runner-container-hooks). And root, which is what there is without USER:
# the files for outputs and summary belong to the runner's user, and nobody else but root can write
# them (https://docs.github.com/actions/reference/workflows-and-actions/dockerfile-support#user).
FROM ${BASE_IMAGE}
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /ecs-deploy /ecs-deploy
ARG VERSION=dev
ARG COMMIT=unknown
ARG SOURCE
LABEL org.opencontainers.image.title="ecs-deploy" \
	org.opencontainers.image.description="Deploys to Amazon ECS, and tells the truth about it" \
	org.opencontainers.image.version="$VERSION" \
	org.opencontainers.image.revision="$COMMIT" \
	org.opencontainers.image.source="$SOURCE"
ENTRYPOINT ["/ecs-deploy"]
