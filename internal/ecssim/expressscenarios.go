package ecssim

import "time"

// expressScenarios are about Express services.
var expressScenarios = []Scenario{
	{
		Name:     "express",
		Story:    "the service is an Express service, and its new tasks get 5% of the traffic first",
		breaker:  rolling,
		behavior: well,
		prepare:  express(madeByECS),
	},
	{
		Name:     "express-own",
		Story:    "the service is an Express service with a task definition of its owner's",
		breaker:  rolling,
		behavior: well,
		prepare:  express(madeByCustomer),
	},
	{
		Name:     "express-alarm",
		Story:    "the alarm of an Express service goes off while the new tasks have 5% of the traffic",
		breaker:  rolling,
		behavior: well,
		prepare:  express(madeByECS),
		acts:     []act{{after: 2 * time.Minute, do: func(s *Sim) { s.alarm(s.web()) }}},
	},
	{
		Name:     "express-crash",
		Story:    "the container of an Express service exits before it gets any traffic",
		breaker:  rolling,
		behavior: crashes,
		prepare:  express(madeByECS),
	},
	{
		Name:     "express-superseded",
		Story:    "another run deploys the Express service while the new tasks have 5% of the traffic",
		breaker:  rolling,
		behavior: well,
		tagged:   true,
		prepare:  express(madeByECS),
		acts:     []act{{after: 2 * time.Minute, do: func(s *Sim) { deployAnother(well)(s, s.web()) }}},
	},
}
