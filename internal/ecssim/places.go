package ecssim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// A Sim is home to one account in one region, by which all its names are made. What it is asked in other places, told
// by the credentials and the scope of the signature
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), worlds of their own
// answer, which differ from home as the scenario says. To them, their place is called as home is: names are exchanged
// on the way there and back.

// place is a region of an account.
type place struct{ region, account string }

var home = place{region, account}

// otherAccount is one that trusts the job as home does.
const otherAccount = "222222222222"

// abroad is a world in another place.
type abroad struct {
	place
	*Sim
}

// exchange exchanges the names of a place for those of home, and the other way round.
func (p place) exchange(text string) string {
	if p == home {
		return text
	}
	pairs := []string{p.region, region, region, p.region}
	if p.account != account {
		pairs = append(pairs, p.account, account, account, p.account)
	}
	if p.region == region {
		pairs = pairs[4:]
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// placeOf is where a request goes. STS is everywhere the same, and so is the runner.
func (s *Sim) placeOf(header http.Header) place {
	const inRegion, ofService = 2, 3
	_, credential, _ := strings.Cut(header.Get("Authorization"), "Credential=")
	scope := strings.Split(credential, "/")
	if len(scope) <= ofService || scope[ofService] == "sts" {
		return home
	}
	at := place{region: scope[inRegion], account: account}
	if scope[ofService] == "iam" { // whose scope is us-east-1, wherever it is called from
		at.region = region
	}
	if session, is := s.sessions[scope[0]]; is {
		at.account = accountOf(session.arn)
	}
	return at
}

// accountOf is the account in an ARN.
func accountOf(arn string) string {
	const at = 4
	if parts := strings.Split(arn, ":"); len(parts) > at {
		return parts[at]
	}
	return account
}

// at is the world of a place, which is made when it is first asked.
func (s *Sim) at(there place) *Sim {
	if there == home {
		return s
	}
	at := slices.IndexFunc(s.others, func(a abroad) bool { return a.place == there })
	if at >= 0 {
		return s.others[at].Sim
	}
	scenario := s.scenario
	scenario.Name += " in " + there.account + " " + there.region
	if change := scenario.elsewhere[there.region]; change != nil {
		scenario = change(scenario)
	}
	other := New(scenario)
	other.mu, other.sessions = s.mu, s.sessions
	other.recorded, other.pace = s.recorded, s.pace
	other.here = there
	other.started, other.now = s.started, s.now
	s.others = append(s.others, abroad{there, other})
	return other
}

// everywhere does something in every world, at home first.
func (s *Sim) everywhere(do func(place, *Sim)) {
	do(home, s)
	for _, other := range s.others {
		do(other.place, other.Sim)
	}
}

// Calls returns the requests that came in so far, wherever they went, oldest first.
func (s *Sim) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Call
	s.everywhere(func(at place, world *Sim) {
		for _, call := range world.calls {
			call.Region, call.Account = at.region, at.account
			call.Body = at.exchange(call.Body)
			all = append(all, call)
		}
	})
	slices.SortFunc(all, func(a, b Call) int { return cmp.Compare(a.serial, b.serial) })
	return all
}

// In is the world in another region of the account; what it tells is told in the names of home.
func (s *Sim) In(region string) *Sim {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at(place{region, account})
}
