package ecssim

import (
	"encoding/json"
	"slices"
	"time"
)

// Lag is how late the reads of a world are. AWS promises of none of them that it shows what was done just before, nor
// that two show the same moment
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/clusters.html#eventual-consistency). How late they get is
// unverified.
type Lag struct {
	Services    time.Duration // DescribeServices answers as of so long ago
	Deployments time.Duration // the same of ListServiceDeployments and DescribeServiceDeployments
	Every       int           // only every so many-th of these answers is late; 0: all are
}

// Lagging is the scenario with late reads.
func (c Scenario) Lagging(lag Lag) Scenario {
	c.lag = lag
	return c
}

// Late is how late the reads of a scenario may be at most.
func (c Scenario) Late() time.Duration { return max(c.lag.Services, c.lag.Deployments) }

// past is what reads would have answered at some time.
type past struct {
	at          time.Time
	services    map[string]document // by ARN
	deployments map[string]document // service deployments, by ARN
}

// remember keeps what reads would answer now, for as long as they may be late.
func (s *Sim) remember() {
	longest := max(s.scenario.lag.Services, s.scenario.lag.Deployments)
	if longest == 0 {
		return
	}
	now := past{s.now, map[string]document{}, map[string]document{}}
	for _, c := range s.clusters {
		for _, v := range c.services {
			now.services[v.arn()] = v.describe()
			for _, d := range v.history {
				now.deployments[d.arn] = d.inFull()
			}
		}
	}
	tooOld := func(p past) bool { return s.now.Sub(p.at) > longest }
	s.pasts = append(slices.DeleteFunc(s.pasts, tooOld), now)
}

func encoded(answer document) json.RawMessage {
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err) // all that is answered can be encoded
	}
	return text
}

// asOf is the past that the next read shows which may be late by that much, and whether it is late at all.
func (s *Sim) asOf(lag time.Duration, reads *int) (past, bool) {
	*reads++
	if lag == 0 || s.scenario.lag.Every > 0 && *reads%s.scenario.lag.Every != 0 {
		return past{}, false
	}
	for _, p := range s.pasts {
		if s.now.Sub(p.at) <= lag {
			return p, true
		}
	}
	return past{}, false
}
