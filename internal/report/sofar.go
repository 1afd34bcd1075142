package report

import (
	"slices"

	"ecs-deploy/internal/rollout"
)

// sofar is what has come of a run until now. It is what a step that is killed leaves in its summary, and what is
// told of the services when a fault of ours ends the run.
type sofar struct {
	result     rollout.Result
	revisions  []int // of the plan, by service
	registered int   // revisions of the plan
	begun      bool  // something was started
	stale      bool  // it has changed since the summary was written
}

// hear takes an event, and tells whether it is one that starts something.
func (s *sofar) hear(event rollout.Event) (starts bool) {
	switch e := event.(type) {
	case rollout.PlanMade:
		s.plan(e.Plan)
	case rollout.TakenOver:
		s.result.Services = slices.Clone(e.Services)
	case rollout.Registered:
		s.register(e.Result)
	case rollout.Updated:
		if service := s.of(e.Service.ServiceKey); service != nil {
			service.Service, service.Deployment, service.Revision.Revision = e.Service, e.Deployment, e.Revision
		}
	case rollout.Decided:
		if service := s.of(e.Service); service != nil {
			service.Verdict = e.Verdict
		}
	case rollout.OneOffEnded:
		s.result.OneOffs = append(s.result.OneOffs, e.Result)
	case rollout.OneOffStarted, rollout.Continued, rollout.TakingBack:
	default:
		return false
	}
	s.stale = true
	switch event.(type) {
	case rollout.OneOffStarted, rollout.Updated, rollout.Continued, rollout.TakingBack:
		starts, s.begun = !s.begun, true
	}
	return starts
}

func (s *sofar) plan(plan rollout.Plan) {
	for _, planned := range plan.Services {
		revision := plan.Revisions[planned.Revision]
		result := rollout.RevisionResult{Revision: rollout.Revision{Family: revision.Document.Family()}, Previous: planned.Runs, Images: revision.Images}
		if !revision.Register {
			result.Revision = revision.Base
		}
		s.result.Services = append(s.result.Services, rollout.ServiceResult{Service: planned.Service, Revision: result})
		s.revisions = append(s.revisions, planned.Revision)
	}
}

// register files a revision: they come in the order of the plan.
func (s *sofar) register(result rollout.RevisionResult) {
	for i, revision := range s.revisions {
		if revision == s.registered {
			s.result.Services[i].Revision.Revision, s.result.Services[i].Revision.Changed = result.Revision, result.Changed
		}
	}
	if len(s.result.Services) == 0 {
		s.result.Registered = &result
	}
	s.registered++
}

func (s *sofar) of(key rollout.ServiceKey) *rollout.ServiceResult {
	for i := range s.result.Services {
		if s.result.Services[i].Service.ServiceKey == key {
			return &s.result.Services[i]
		}
	}
	return nil
}

// completed is a result in which the services are told of that a run was about, also when a fault has ended it that
// left no result.
func (s *sofar) completed(result rollout.Result) rollout.Result {
	if len(result.Services) > 0 || !s.begun {
		return result
	}
	result.Services, result.OneOffs = s.result.Services, s.result.OneOffs
	for i, service := range result.Services {
		if service.Verdict.Outcome == "" {
			result.Services[i].Verdict = rollout.Verdict{Outcome: rollout.Failed, Reason: "how it ends is not known"}
		}
	}
	return result
}
