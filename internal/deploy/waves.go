package deploy

import (
	"cmp"
	"context"

	"ecs-deploy/internal/rollout"
)

// deploy deploys to the services of a wave, and tells whether all went well. One service that cannot be updated keeps
// none of the others from being followed.
func (d *deployer) deploy(ctx context.Context, wave []*rollout.Rollout) (good bool, err error) {
	if overtaken, err := d.overtaken(ctx, wave); err != nil {
		d.takeBack(ctx, wave[0].Name())
		return false, err
	} else if overtaken {
		return false, nil
	}
	d.emit(rollout.WaveBegun{Rollouts: wave, Of: d.plan.Rollouts[len(d.plan.Rollouts)-1].Wave + 1})
	refused, lost := d.rollOut(ctx, wave)
	d.conclude(ctx, lost)
	d.seeTasks(ctx, wave)
	return d.result().Outcome().Good(), cmp.Or(refused, lost)
}

// overtaken tells whether another run has deployed a service of a later wave while those before rolled out: what was
// planned for it is of what it ran then, and nothing of the wave is begun.
func (d *deployer) overtaken(ctx context.Context, wave []*rollout.Rollout) (is bool, err error) {
	if wave[0].Wave == 0 {
		return false, nil
	}
	var keys []rollout.ServiceKey
	for _, r := range wave {
		keys = append(keys, r.Service.ServiceKey)
	}
	services, err := d.clients.Now(ctx, keys...)
	if err != nil {
		return false, err
	}
	for _, r := range wave {
		now, there := services[r.Service.ServiceKey]
		newest, another := now.DeployedSince(r.Service)
		if another && there && !now.OlderThan(r.Service) {
			d.decide(r, rollout.Verdict{Outcome: rollout.Superseded, Ending: rollout.EndedUntouched, By: newest})
			d.nameOther(ctx, r)
			is = true
		}
	}
	return is, nil
}
