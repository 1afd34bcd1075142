package diagnose

import "ecs-deploy/internal/rollout"

// mayPass tells whether tasks that fail for a cause may fare better if they are only started again. Where a capacity
// provider adds instances, that may be so of all that nothing is known of, and of want of room.
func mayPass(cause rollout.Cause, scales bool) bool {
	if cause.StopCode.HostGone() {
		return true
	}
	entry, found := LookupCause(cause)
	if !found {
		return scales
	}
	return entry.Passing || scales && entry.Room
}
