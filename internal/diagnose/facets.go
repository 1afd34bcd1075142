package diagnose

// What causes have in common: what was done, and how it went wrong.
const (
	pulling = `CannotPull|pull image|resolve ref|ref pull|pull access|pulling from host|` +
		`inspect image|register layer|extract layer|failed to copy`
	denied = `AccessDenied|access denied|not authorized|unauthorized|\b403\b|forbidden|` +
		`insufficient_scope|no basic auth|authentication required|denied:|` +
		`authorization failed|not allowed|may not be`
	missing = `not found|does not exist|doesn.t exist|manifest unknown|can.t find|cannot find|` +
		`NotFound|\b404\b|NoSuch`
	unreachable = `i/o timeout|deadline exceeded|request canceled|Client\.Timeout|connection (refused|` +
		`reset|issue|timed out)|send request failed|TLS handshake|no route to host|` +
		`network is unreachable|unexpected EOF|context canceled|timed out`
	secrets = `secret|parameter store|\bssm\b|\basm\b|GetParameters|\bkms\b`
	logging = `logg(er|ing) |log stream|log group|CloudWatch|awslogs`
)
