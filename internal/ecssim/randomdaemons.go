package ecssim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// ofDaemons tells whether the random world of a seed is one with a managed daemon, and not with services.
func ofDaemons(seed uint64) bool { return rand.New(rand.NewPCG(seed, 6)).IntN(10) == 0 }

// daemonFates are how the new tasks of a managed daemon may fare.
var daemonFates = []behavior{well, well, well, taking(20 * time.Second), crashes, crashes, cannotPull, stuckPulling}

// daemonPasts are what may have happened to a managed daemon before, and for how long.
var daemonPasts = []func(*Sim, time.Duration){
	func(*Sim, time.Duration) {},
	func(*Sim, time.Duration) {},
	func(s *Sim, ago time.Duration) {
		s.now = s.now.Add(-ago)
		anotherAgent(s)
		s.goOn(ago)
	},
	func(s *Sim, ago time.Duration) {
		s.now = s.now.Add(-ago)
		anotherAgent(s)
		s.goOn(ago / 2)
		if !s.agent().history[0].over() {
			s.alarmDaemon(s.agent())
		}
		s.goOn(ago - ago/2)
	},
	func(s *Sim, ago time.Duration) {
		s.now = s.now.Add(-ago)
		anotherAgent(s)
		s.goOn(ago)
		if d := s.agent().history[0]; !d.over() {
			d.end("STOPPED", "Daemon deployment failed.", s.now) // text unverified
		}
	},
}

// daemonInterferences are what others may do to a managed daemon.
var daemonInterferences = []func(*Sim){
	anotherAgent, anotherAgent,
	func(s *Sim) {
		if d := s.agent().history[0]; d.status == "IN_PROGRESS" {
			s.alarmDaemon(s.agent())
		}
	},
	func(s *Sim) {
		if d := s.agent().history[0]; d.status == "ROLLBACK_IN_PROGRESS" {
			d.end("ROLLBACK_FAILED", "Daemon deployment rollback failed.", s.now) // text unverified
		}
	},
	func(s *Sim) {
		if d := s.agent().history[0]; d.status == "IN_PROGRESS" {
			d.end("STOPPED", "Daemon deployment failed.", s.now) // text unverified
		}
	},
	func(s *Sim) { s.agent().deleted = true },
}

// randomDaemon is a random world with a managed daemon.
func randomDaemon(seed uint64) Scenario {
	r := chooser{rand.New(rand.NewPCG(seed, 7))}
	scenario := Scenario{
		Name: fmt.Sprint(randomPrefix, seed), Story: "put together at random", behavior: pick(r, daemonFates),
		With: agentInputs,
	}
	size, failing := 1+r.IntN(6), r.IntN(3)
	critical := r.chance(70)
	settings := document{"bakeTimeInMinutes": json.Number(fmt.Sprint(r.IntN(4)))}
	if r.chance(70) {
		settings["drainPercent"] = json.Number(pick(r, []string{"10", "34", "50", "100"}))
	}
	past, ago := pick(r, daemonPasts), time.Duration(5+r.IntN(900))*time.Second
	scenario.prepare = func(s *Sim, v *service) {
		managed(func(d *daemon) {
			d.size, d.failing = size, failing
			d.critical, d.settings = critical, settings
		})(s, v)
		past(s, ago)
	}
	for after := time.Duration(0); r.chance(35); {
		after += time.Duration(1+r.IntN(600)) * time.Second
		scenario.acts = append(scenario.acts, act{after: after, do: pick(r, daemonInterferences)})
	}
	return scenario
}
