package report

import (
	"fmt"
	"slices"
	"strings"

	"ecs-deploy/internal/rollout"
)

// waveBegun opens a part of the log for a wave.
func (r *Reporter) waveBegun(e rollout.WaveBegun) {
	if r.waves = e.Of; r.waves == 1 {
		return
	}
	r.rolling = r.waveOf(e.Rollouts[0])
	r.enter(r.rolling)
	every := func(*rollout.Rollout) bool { return true }
	r.line(plural(len(e.Rollouts), nounOf(e.Rollouts)) + ": " + few(namesOf(rollout.Result{Rollouts: e.Rollouts}, every)))
}

// waveOf is the wave of a service, as people count; empty: there is only one.
func (r *Reporter) waveOf(of *rollout.Rollout) string {
	if r.waves < 2 {
		return ""
	}
	return fmt.Sprintf("Wave %d of %d", of.Wave+1, r.waves)
}

// where is where services are, in the few words of a title.
func where(rollouts []*rollout.Rollout) string {
	regions, accounts := map[string]bool{}, map[string]bool{}
	clusters := map[string]bool{}
	for _, of := range rollouts {
		clusters[of.Service.Cluster] = true
		regions[of.Service.Region], accounts[of.Service.Account] = true, true
	}
	text := rollouts[0].Service.Cluster
	if len(clusters) > 1 {
		text = fmt.Sprintf("%d clusters", len(clusters))
	}
	if len(regions) > 1 {
		text += fmt.Sprintf(" in %d regions", len(regions))
	}
	if len(accounts) > 1 {
		text += fmt.Sprintf(" of %d accounts", len(accounts))
	}
	return text
}

// inSeveralPlaces tells whether services are in several regions or accounts.
func inSeveralPlaces(rollouts []*rollout.Rollout) bool {
	return slices.ContainsFunc(rollouts, func(of *rollout.Rollout) bool {
		return of.Service.Place != rollouts[0].Service.Place
	})
}

// inWave are those of rollouts that are in the same wave as one.
func inWave(rollouts []*rollout.Rollout, as *rollout.Rollout) []*rollout.Rollout {
	return slices.DeleteFunc(slices.Clone(rollouts), func(r *rollout.Rollout) bool { return r.Wave != as.Wave })
}

// unchanging is a line on how far the services of a wave are, or the rollbacks; of those that are open it names a few.
func (r *Reporter) unchanging(e rollout.NothingChanged) string {
	all, parts := e.Rollouts, []string{strings.ToLower(r.waveOf(e.Rollouts[0]))}
	if e.Rollback {
		parts = nil
	} else if len(r.rollouts) > 0 {
		all = inWave(r.rollouts, e.Rollouts[0]) // also those that are still to be started
	}
	var open []string
	failed, undecided := 0, 0
	for _, of := range all {
		switch outcome := of.Verdict.Outcome; {
		case of.Phase != rollout.PhaseDecided && outcome == "":
			if undecided++; of.Phase == rollout.PhaseStarted {
				open = append(open, fmt.Sprintf("%s %d/%d running", of.Name(), of.Progress.Running, of.Progress.Wanted))
			}
		case !outcome.Good() && !(e.Rollback && outcome == rollout.RolledBack):
			failed++
		}
	}
	parts = append(parts, fmt.Sprintf("%d of %d done", len(all)-undecided, len(all)))
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", failed))
	}
	const named = 3
	if more := len(open) - named; more > 0 {
		open = append(open[:named], fmt.Sprintf("and %d others", more))
	}
	return strings.Join(filled(append(parts, strings.Join(open, ", "))...), " · ")
}
