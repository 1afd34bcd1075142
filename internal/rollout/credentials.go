package rollout

import "time"

// Keys are credentials by themselves. They are all empty, or the first two are set.
type Keys struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Role is a role to assume. It is unset without an ARN.
type Role struct {
	ARN, SessionName string
	ExternalID       string        // not with an identity token
	MaxAge           time.Duration // 0 is an hour
}
