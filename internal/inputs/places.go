package inputs

import (
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// locate finds out where the services are, and refuses what does not go with that.
func (c *checker) locate(t text, in *Inputs, regions []string) {
	role := in.Credentials.Role.ARN
	c.accountsOf(in.Targets, role)
	in.Places = c.places(in, regions, role)
	c.inOnePlace(t, *in)
	in.Elsewhere = elsewhere(*in, strings.Contains(role, "{account}"))
	var used []string
	for _, place := range in.Places {
		used = append(used, place.Region)
	}
	for _, region := range items(t.Region) {
		if !slices.Contains(used, region) {
			c.mistake("aws-region: %s has no effect: each service names its own, %s", region, strings.Join(used, ", "))
		}
	}
	for _, arn := range []namedInput{{"cluster", in.Cluster}, {"task-definition", in.TaskDefinition}} {
		if region := rollout.PlaceOf(arn.value).Region; region != "" && !slices.Contains(used, region) {
			c.mistake("%s: %s is not in %s, where the services are", arn.name, arn.value, strings.Join(used, ", "))
		}
	}
	if open := strings.Join(placeholders(role), ", "); open != "" && len(in.Targets) == 0 {
		c.mistake("role-to-assume: %s is filled in for each service: give service too", open)
	}
}

// elsewhere are the places of alarms in which no service is.
func elsewhere(in Inputs, byAccount bool) []rollout.Place {
	var places []rollout.Place
	for _, alarm := range in.Gates.Alarms {
		place := alarm.Place
		if !byAccount {
			place.Account = ""
		}
		if place.Region != "" && !slices.Contains(append(in.Places, places...), place) {
			places = append(places, place)
		}
	}
	return places
}

// places fills in where the targets are: those that name no region are in each that is given. It returns all places,
// in the order in which they come; a region is empty where only a profile may name it.
func (c *checker) places(in *Inputs, regions []string, role string) []rollout.Place {
	byAccount := strings.Contains(role, "{account}")
	var targets []rollout.Target
	var places []rollout.Place
	add := func(target rollout.Target) {
		if !byAccount {
			target.Account = ""
		} else if target.Account == "" && !target.Selector.Except {
			c.mistake("role-to-assume: {account} is filled in from the ARNs of services, and %s names no account: give its "+
				"ARN in service", target.Short())
		}
		if !target.Selector.Except && !slices.Contains(places, target.Place) {
			places = append(places, target.Place)
		}
		targets = append(targets, target)
	}
	for _, target := range in.Targets {
		if target.Region != "" || target.Selector.Except || len(regions) == 0 {
			add(target)
			continue
		}
		for _, region := range regions {
			its := target
			if its.Region = region; len(regions) > 1 && target.Name == "" {
				its.Text = region + "/" + rollout.LastSegment(target.Cluster) + "/" + rollout.LastSegment(target.Text)
			}
			add(its)
		}
	}
	in.Targets = targets
	if len(places) == 0 {
		for _, region := range append(regions, "")[:max(1, len(regions))] {
			places = append(places, rollout.Place{Region: region})
		}
	}
	return places
}

// accountsOf refuses services of accounts that the role is not in.
func (c *checker) accountsOf(targets []rollout.Target, role string) {
	var accounts []string
	for _, target := range targets {
		if target.Account != "" && !slices.Contains(accounts, target.Account) {
			accounts = append(accounts, target.Account)
		}
	}
	its := rollout.Account(role)
	switch {
	case strings.Contains(role, "{account}"):
		return
	case len(accounts) > 1:
		c.mistake("service: the services are in the accounts %s: give the role that is assumed in each, as role-to-assume: "+
			"arn:aws:iam::{account}:role/deployer", strings.Join(accounts, " and "))
	case role != "" && len(accounts) == 1 && accounts[0] != its:
		c.mistake("role-to-assume: %s is in account %s, and the services are in %s", role, its, accounts[0])
	}
}

// inOnePlace refuses what is of one place only where there are several.
func (c *checker) inOnePlace(t text, in Inputs) {
	if len(in.Places) < 2 {
		return
	}
	switch {
	case len(in.Targets) == 0:
		c.mistake("aws-region: several regions need a service: give service, or one region")
	case strings.HasPrefix(in.Cluster, "arn:"):
		c.mistake("cluster: %q is in one region, and the services are in several: give its name", in.Cluster)
	}
	if strings.HasPrefix(in.TaskDefinition, "arn:") {
		c.mistake("task-definition: %q is in one region, and the services are in several: give its family, which each "+
			"region has, or a file", in.TaskDefinition)
	}
	if t.ScheduledTasks != "" {
		c.mistake("scheduled-tasks: they are in one region, and the services are in several: give them in another step")
	}
}
