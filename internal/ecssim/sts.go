package ecssim

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// role is a role of the account, with what its trust policy asks for. Its sessions may last an hour,
// as is usual.
type role struct {
	name       string
	externalID string // that sts:AssumeRole must give; empty is none
	subject    string // of the identity tokens that it lets in, with wildcards
}

// roles are those of the account. In a scenario, the deployer may trust another subject.
var roles = []role{
	{name: "deployer", subject: "repo:acme/shop:*"},
	{name: "partner", externalID: "shop-42"},
}

const maxSessionAge = time.Hour

func (s *Sim) role(arn string) (role, bool) {
	at := slices.IndexFunc(roles, func(r role) bool {
		return arn == "arn:aws:iam::"+account+":role/"+r.name || arn == "arn:aws:iam::"+otherAccount+":role/"+r.name
	})
	if at < 0 {
		return role{}, false
	}
	found := roles[at]
	if s.scenario.trusts != "" && found.name == "deployer" {
		found.subject = s.scenario.trusts
	}
	return found, true
}

// session is temporary credentials.
type session struct {
	arn, token string
	expires    time.Time
}

// signer checks the credentials of a request, and tells whose they are. Those that were not given
// out here are taken for a user's. The signature is not looked at.
func (s *Sim) signer(header http.Header) (string, error) {
	_, credential, signed := strings.Cut(header.Get("Authorization"), "Credential=")
	if !signed {
		return "", clientError("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	key, _, _ := strings.Cut(credential, "/")
	// [API: CommonErrors]
	expired := clientError("ExpiredTokenException", "The security token included in the request is expired")
	given, temporary := s.sessions[key]
	switch {
	case !temporary && s.scenario.keysLast > 0 && !s.updated.IsZero() && s.now.Sub(s.updated) >= s.scenario.keysLast:
		return "", expired
	case !temporary:
		return "arn:aws:iam::" + account + ":user/ci", nil
	case header.Get("X-Amz-Security-Token") != given.token:
		// [API: CommonErrors]
		return "", clientError("UnrecognizedClientException", "The security token included in the request is invalid.")
	case s.now.After(given.expires):
		return "", expired
	}
	return given.arn, nil
}

// identityToken answers as the runner's token endpoint does, with a token that holds for five minutes
// (https://docs.github.com/en/actions/reference/security/oidc). The signature is not one.
func (s *Sim) identityToken(audience string) reply {
	subject := "repo:acme/shop:ref:refs/tags/v2"
	payload, err := json.Marshal(document{
		"iss": "https://" + issuer, "aud": audience, "sub": subject, "exp": s.now.Add(5 * time.Minute).Unix(),
		"repository": "acme/shop", "repository_id": "74", "repository_owner_id": "65", "ref": "refs/tags/v2",
		"job_workflow_ref": "acme/shop/.github/workflows/deploy.yml@refs/tags/v2",
	})
	if err != nil {
		panic(err) // it holds strings and numbers
	}
	encode := base64.RawURLEncoding.EncodeToString
	token := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(
		payload,
	) + "." + encode([]byte("signature-"+s.ids.task()))
	s.issued = append(s.issued, token)
	return reply{status: http.StatusOK, body: document{"value": token}}
}

const issuer = "token.actions.githubusercontent.com"

// STS speaks the query protocol: https://docs.aws.amazon.com/STS/latest/APIReference/.
type (
	assumedRole struct {
		XMLName   xml.Name
		Namespace string `xml:"xmlns,attr"`
		Result    assumedRoleResult
	}
	assumedRoleResult struct {
		XMLName         xml.Name
		AccessKeyID     string `xml:"Credentials>AccessKeyId"`
		SecretAccessKey string `xml:"Credentials>SecretAccessKey"`
		SessionToken    string `xml:"Credentials>SessionToken"`
		Expiration      string `xml:"Credentials>Expiration"`
		ARN             string `xml:"AssumedRoleUser>Arn"`
		RoleID          string `xml:"AssumedRoleUser>AssumedRoleId"`
	}
	callerIdentity struct {
		XMLName   xml.Name `xml:"GetCallerIdentityResponse"`
		Namespace string   `xml:"xmlns,attr"`
		Account   string   `xml:"GetCallerIdentityResult>Account"`
		ARN       string   `xml:"GetCallerIdentityResult>Arn"`
		UserID    string   `xml:"GetCallerIdentityResult>UserId"`
	}
)

const namespaceSTS = "https://sts.amazonaws.com/doc/2011-06-15/"

// assumeRoleWithWebIdentity lets a job in whose token is for AWS, not expired, and of a subject that
// the role trusts. The texts are [SEEN] in
// https://github.com/aws-actions/configure-aws-credentials/issues, but for that of an expired token,
// which is unverified.
func (s *Sim) assumeRoleWithWebIdentity(form url.Values, _ string) (any, error) {
	arn := form.Get("RoleArn")
	claims, err := s.claims(form.Get("WebIdentityToken"))
	if err != nil {
		return nil, err
	}
	role, exists := s.role(arn)
	switch {
	case accountOf(arn) != account && accountOf(arn) != otherAccount:
		return nil, clientError(
			"InvalidIdentityToken",
			"No OpenIDConnect provider found in your account for https://%s",
			issuer,
		)
	case claims.Audience != "sts.amazonaws.com":
		return nil, clientError("InvalidIdentityToken", "Incorrect token audience")
	case s.now.Unix() > claims.Expires:
		return nil, clientError("ExpiredTokenException", "Token expired: current date/time %d must be before the "+
			"expiration date/time %d", s.now.Unix(), claims.Expires)
	case !exists || !like(role.subject, claims.Subject):
		return nil, &apiError{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
	}
	return s.assumed(form)
}

type claims struct {
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	Expires  int64  `json:"exp"`
}

func (s *Sim) claims(token string) (claims, error) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) == 3 && slices.Contains(s.issued, token) {
		if text, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil && json.Unmarshal(text, &c) == nil {
			return c, nil
		}
	}
	// text unverified
	return c, clientError("InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error "+
		"if you sent an Access Token)")
}

// assumeRole lets in whoever knows the external id, if the role asks for one.
func (s *Sim) assumeRole(form url.Values, caller string) (any, error) {
	role, exists := s.role(form.Get("RoleArn"))
	if !exists || form.Get("ExternalId") != role.externalID {
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
		return nil, &apiError{http.StatusForbidden, "AccessDenied", fmt.Sprintf("User: %s is not authorized to perform: "+
			"sts:AssumeRole on resource: %s", caller, form.Get("RoleArn"))}
	}
	return s.assumed(form)
}

// assumed opens a session.
func (s *Sim) assumed(form url.Values) (any, error) {
	length := maxSessionAge
	if seconds, err := strconv.Atoi(form.Get("DurationSeconds")); err == nil {
		length = time.Duration(seconds) * time.Second
	}
	if length > maxSessionAge {
		return nil, clientError("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for "+
			"this role.")
	}
	key, secret := "ASIA"+strings.ToUpper(s.ids.task()[:16]), "secret-"+s.ids.task()
	given := &session{
		arn: fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", accountOf(form.Get("RoleArn")),
			form.Get("RoleArn")[strings.LastIndexByte(form.Get("RoleArn"), '/')+1:], form.Get("RoleSessionName")),
		token: "session-token-" + s.ids.task(), expires: s.now.Add(length),
	}
	s.sessions[key] = given
	return assumedRole{
		XMLName: xml.Name{Local: form.Get("Action") + "Response"}, Namespace: namespaceSTS,
		Result: assumedRoleResult{
			XMLName:         xml.Name{Local: form.Get("Action") + "Result"},
			AccessKeyID:     key,
			SecretAccessKey: secret,
			SessionToken:    given.token,
			Expiration:      given.expires.UTC().Format(time.RFC3339),
			ARN:             given.arn,
			RoleID:          "AROASIMULATED:" + form.Get("RoleSessionName"),
		},
	}, nil
}

func (s *Sim) getCallerIdentity(_ url.Values, caller string) (any, error) {
	return callerIdentity{Namespace: namespaceSTS, Account: accountOf(caller), ARN: caller, UserID: "AIDASIMULATED"}, nil
}
