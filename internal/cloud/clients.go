package cloud

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"ecs-deploy/internal/rollout"
)

// Clients are the clients of a run: one for each place that it goes to. What names no place is in that of the first.
type Clients struct{ all []*Client }

// OpenAll makes a client for each place, of what the options for it say. It calls nobody. A place without a region is
// that of the environment or the profile; it comes first, and is the same as another that has it. Places in which the
// same role is assumed share its credentials.
func OpenAll(
	ctx context.Context, places []rollout.Place, options func(rollout.Place) (Options, error),
) (*Clients, error) {
	clients := &Clients{}
	roles := map[string]*Client{} // that were opened, by what they assume
	places = slices.Clone(places)
	if at := slices.IndexFunc(places, func(place rollout.Place) bool { return place.Region == "" }); at > 0 {
		places[0], places[at] = places[at], places[0]
	}
	for _, place := range places {
		if slices.ContainsFunc(clients.all, func(c *Client) bool { return c.place == place }) {
			continue
		}
		its, err := options(place)
		if err != nil {
			return nil, err
		}
		role := its.Credentials.Role.ARN
		client := roles[role]
		if client != nil {
			client, err = client.in(place)
		} else {
			client, err = Open(ctx, its)
		}
		if err != nil {
			return nil, err
		}
		clients.all, roles[role] = append(clients.all, client), client
	}
	for _, client := range clients.all {
		client.apart = len(clients.all) > 1
	}
	return clients, nil
}

// in is a client with the same credentials in another region.
func (c *Client) in(place rollout.Place) (*Client, error) {
	other := *c
	if err := samePartition(place.Region, c.role); err != nil {
		return nil, err
	}
	cfg := c.bare.Copy()
	cfg.Region = place.Region
	other.place = place
	other.configure(cfg)
	return &other, nil
}

// At is the client for a place. One without a region is that of the first.
func (c *Clients) At(place rollout.Place) *Client {
	at := slices.IndexFunc(c.all, func(client *Client) bool { return client.place == place })
	return c.all[max(at, 0)]
}

// Of is the client for what an ARN names.
func (c *Clients) Of(arn string) *Client {
	place := rollout.PlaceOf(arn)
	if c.all[0].place.Account == "" {
		place.Account = ""
	}
	return c.At(place)
}

// First is the client for what is done in one place only.
func (c *Clients) First() *Client { return c.all[0] }

// WithoutRetry are clients that make each call once, and wait for none for long.
func (c *Clients) WithoutRetry() *Clients {
	once := &Clients{}
	for _, client := range c.all {
		once.all = append(once.all, client.WithoutRetry())
	}
	return once
}

// Carriers makes one of each kind for each place.
func (c *Clients) Carriers() Carriers {
	carriers := Carriers{}
	for _, client := range c.all {
		for controller, carrier := range client.carriers() {
			carriers[carrierKey{client.place, controller}] = carrier
		}
	}
	return carriers
}

// Jittered is d, a tenth more or less, so that many runners do not call in step.
func (c *Clients) Jittered(d time.Duration) time.Duration { return c.First().Jittered(d) }

// Pause sleeps for about d. When the context ends first, the error is its cause.
func (c *Clients) Pause(ctx context.Context, d time.Duration) error { return c.First().Pause(ctx, d) }

// each does something with each client, with all at the same time, and returns the error of the first that has one.
func (c *Clients) each(ctx context.Context, do func(context.Context, int, *Client) error) error {
	errs := make([]error, len(c.all))
	_ = Each(ctx, c.all, func(ctx context.Context, i int, client *Client) error {
		errs[i] = do(ctx, i, client)
		return nil
	})
	return cmp.Or(errs...)
}

// Authenticate gets the credentials. Nothing of AWS is called before but what gets credentials.
func (c *Clients) Authenticate(ctx context.Context) error {
	for _, client := range c.all { // one after the other, so that they are told in their order
		if err := client.Authenticate(ctx); err != nil {
			return err
		}
	}
	return nil
}

// CheckAccount refuses credentials that belong to another account than one of these, by their ids; none: of all.
func (c *Clients) CheckAccount(ctx context.Context, accounts []string) error {
	return c.each(ctx, func(ctx context.Context, _ int, client *Client) error {
		return client.CheckAccount(ctx, accounts)
	})
}

// Survey reads the world as it is before anything is changed: the services, and the revisions that they really run or
// that are named in their place.
func (c *Clients) Survey(ctx context.Context, wanted Wanted) (rollout.World, error) {
	world := rollout.World{Bases: map[rollout.Place]rollout.Revision{}}
	found, bases := make([]surveyed, len(c.all)), make([]*rollout.Revision, len(c.all))
	wanted.Targets = c.located(wanted.Targets)
	inPlaces := func(ctx context.Context, i int, client *Client) error {
		here := func(target rollout.Target) bool { return !target.Selector.Except && target.At(client.place) }
		if len(wanted.Targets) > 0 && !slices.ContainsFunc(wanted.Targets, here) {
			return nil // only alarms are there
		}
		return Together(
			ctx,
			func(ctx context.Context) (err error) { found[i], err = client.services(ctx, wanted); return err },
			func(ctx context.Context) (err error) { bases[i], err = client.base(ctx, wanted); return err },
			func(ctx context.Context) (err error) {
				if i == 0 {
					world.Scheduled, err = client.scheduled(ctx, wanted.Scheduled)
				}
				return err
			},
		)
	}
	err := Together(
		ctx,
		func(ctx context.Context) error { return c.each(ctx, inPlaces) },
		func(ctx context.Context) (err error) {
			world.Alarms, err = c.findAlarms(ctx, wanted.Alarms)
			return err
		},
	)
	if err != nil {
		return world, err
	}
	for i, client := range c.all {
		if bases[i] != nil {
			world.Bases[client.place] = *bases[i]
		}
	}
	world.Services, err = together(found, wanted.Targets)
	return world, err
}

// located are targets of which each says where it is, but for those that take out.
func (c *Clients) located(targets []rollout.Target) []rollout.Target {
	targets = slices.Clone(targets)
	for i, target := range targets {
		if target.Region == "" && !target.Selector.Except {
			targets[i].Place = c.First().place
		}
	}
	return targets
}

// together are the services that were found in all places, wave by wave.
func together(found []surveyed, targets []rollout.Target) ([]rollout.SurveyedService, error) {
	var services []rollout.SurveyedService
	var notes []rollout.Note
	for _, in := range found {
		services, notes = append(services, in.services...), append(notes, in.notes...)
	}
	for _, target := range targets {
		idle := having(found, func(in surveyed) bool { return in.idle[target.Text] != nil })
		takes := func(in surveyed) bool { return in.takesOut[target.Text] }
		if len(idle) > 0 && !slices.ContainsFunc(found, takes) {
			return nil, idle[0].idle[target.Text]
		}
	}
	switch {
	case len(targets) == 0:
		return nil, nil
	case len(services) == 0:
		return nil, &rollout.Problem{
			Kind: rollout.BadInput, Short: "no such service",
			What: "service: the entries with ! exclude every service that the others match",
			Next: "Check the entries that begin with !.",
		}
	}
	slices.SortStableFunc(services, func(a, b rollout.SurveyedService) int { return cmp.Compare(a.Wave, b.Wave) })
	services[0].Notes = append(notes, services[0].Notes...)
	numberWaves(services)
	return services, nil
}

// numberWaves numbers the waves anew: one of which nothing is left is none.
func numberWaves(services []rollout.SurveyedService) {
	wave, before := 0, services[0].Wave
	for i, running := range services {
		if running.Wave != before {
			wave, before = wave+1, running.Wave
		}
		services[i].Wave = wave
	}
}

// Now reads services, wherever they are. Those that are not there are missing from the answer, which is no error.
func (c *Clients) Now(ctx context.Context, keys ...rollout.ServiceKey) (
	map[rollout.ServiceKey]rollout.Service, error,
) {
	read := make([]map[rollout.ServiceKey]rollout.Service, len(c.all))
	err := c.each(ctx, func(ctx context.Context, i int, client *Client) (err error) {
		its := having(keys, func(key rollout.ServiceKey) bool { return key.Place == client.place })
		read[i], err = client.now(ctx, its...)
		return err
	})
	now := map[rollout.ServiceKey]rollout.Service{}
	for _, services := range read {
		maps.Copy(now, services)
	}
	return now, err
}

// Busy are those of services of which a deployment is under way now.
func (c *Clients) Busy(ctx context.Context, services []rollout.SurveyedService, options []rollout.Detail) (
	[]rollout.BusyService, error,
) {
	busy := make([][]rollout.BusyService, len(c.all))
	err := c.each(ctx, func(ctx context.Context, i int, client *Client) (err error) {
		its := having(services, func(running rollout.SurveyedService) bool { return running.Service.Place == client.place })
		busy[i], err = client.busy(ctx, its, options)
		return err
	})
	return slices.Concat(busy...), err
}

// Verify looks, without changing anything, whether what the tasks of a plan's revisions need is there.
func (c *Clients) Verify(ctx context.Context, plan rollout.Plan) (rollout.Verified, error) {
	verified := make([]rollout.Verified, len(c.all))
	err := c.each(ctx, func(ctx context.Context, i int, client *Client) (err error) {
		its := having(plan.Revisions, func(revision rollout.PlannedRevision) bool { return revision.Place == client.place })
		verified[i], err = client.Verify(ctx, its, plan.Account(client.place))
		return err
	})
	var all rollout.Verified
	for _, in := range verified {
		all.Checks += in.Checks
		for _, concern := range in.Concerns {
			same := func(other rollout.Concern) bool { return other.What == concern.What }
			if !slices.ContainsFunc(all.Concerns, same) { // an image that several regions have from one
				all.Concerns = append(all.Concerns, concern)
			}
		}
		all.Unknown = append(all.Unknown, in.Unknown...)
		all.Unanswered = append(all.Unanswered, in.Unanswered...)
	}
	slices.Sort(all.Unknown)
	all.Unknown = slices.Compact(all.Unknown)
	return all, err
}

// having are the items of which something is so.
func having[Item any](items []Item, is func(Item) bool) []Item {
	return slices.DeleteFunc(slices.Clone(items), func(item Item) bool { return !is(item) })
}
