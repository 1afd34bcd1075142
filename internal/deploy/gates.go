package deploy

import (
	"context"

	"ecs-deploy/internal/rollout"
	"ecs-deploy/internal/watch"
)

// pass has a wave that succeeded pass the gates, those that take longest last, and tells whether it does. What was
// deployed is rolled back if it does not, and that is asked for.
func (d *deployer) pass(ctx context.Context, wave int) (good bool, err error) {
	gates := d.plan.Gates
	if len(gates.URLs) > 0 {
		gate := rollout.GateResult{Gate: rollout.GateURL, Wave: wave, Limit: gates.URLTimeout}
		if !d.passed(ctx, watch.AwaitURLs(ctx, d.clients, d.askURL, gate, gates.URLs, d.emit)) {
			return false, nil
		}
	}
	if len(d.plan.After) > 0 {
		if good, err := d.oneOff(ctx, d.plan.After[wave]); !good || err != nil {
			d.takeBack(ctx, rollout.GateTask)
			return false, err
		}
	}
	if len(gates.Alarms) > 0 {
		gate := rollout.GateResult{Gate: rollout.GateAlarm, Wave: wave, Limit: gates.Bake}
		return d.passed(ctx, watch.BakeAlarms(ctx, d.clients, gate, gates.Alarms, d.emit)), nil
	}
	return true, nil
}

// passed files what a gate came to.
func (d *deployer) passed(ctx context.Context, gate rollout.GateResult) bool {
	d.gates = append(d.gates, gate)
	d.emit(rollout.GateEnded{Gate: gate})
	if gate.Outcome.Good() {
		return true
	}
	d.takeBack(ctx, gate.Gate)
	return false
}
