package diagnose

// What causes have in common: what was done, and how it went wrong.
const (
	pulling = `CannotPull|pull image|resolve ref|ref pull|pull access|pulling from host|` +
		`inspect image|register layer|extract layer|failed to copy|registry endpoint|` +
		`(Head|Get|lookup) +@(registry|dockerhub)`
	denied = `AccessDenied|access denied|not authorized|unauthorized|\b403\b|forbidden|` +
		`insufficient_scope|no basic auth|authentication required|denied:|` +
		`authorization failed|not allowed|may not be|fetch (anonymous|oauth) token|failed to authorize`
	missing = `not found|does not exist|doesn.t exist|manifest unknown|can.t find|cannot find|` +
		`NotFound|\b404\b|NoSuch`
	unreachable = `i/o timeout|deadline exceeded|request canceled|Client\.Timeout|connection (refused|` +
		`reset|issue|timed out)|send request failed|TLS handshake|no route to host|` +
		`network is unreachable|unexpected EOF|context canceled|timed out|dial tcp |could not reach|` +
		`unable to connect|\bRequestError\b`
	secrets       = `secret|parameter store|\bssm\b|\basm\b|GetParameters|\bkms\b`
	logging       = `log stream|log group|CloudWatch|awslogs|@logs|\blogs:\w`
	noCredentials = `NoCredentialProviders|CredentialsEndpointError|no valid providers|` +
		`(load|retrieve|refresh|find|get) (\S+ )?credentials|credentials: not found|get identity: get credentials`
	lookup = `no such host|server misbehaving|name resolution|could not resolve|dial tcp: lookup `
)
