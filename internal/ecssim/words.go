package ecssim

import (
	"strings"
	"time"
)

// Words are texts by which AWS tells why a deployment failed, as people met them. Their kind is how they reach a
// deployer: as the end of a task, an event of the service, the end of the deployment, a failure of RunTask, or the
// health of a target.
type Words struct {
	Kind                       string
	StopCode, StoppedReason    string           // of the kind task
	Containers                 []ContainerWords // of its containers; none: those of the task definition, without a word
	Message                    string           // event
	StatusReason, Code         string           // verdict; a code is one of CodeDeploy's
	Failure                    string           // unplaced
	State, Reason, Description string           // target
}

// ContainerWords are what AWS tells of a container of a task.
type ContainerWords struct {
	Name, Reason string
	ExitCode     *int
}

// Scenario is a world in which the deployment fails, and AWS says so. A task that was told to stop is no failure of a
// service: it is that of run-before, as is one that RunTask does not start.
func (w Words) Scenario() Scenario {
	scenario := Scenario{
		Name:     "words",
		breaker:  rolling,
		behavior: stuckPulling,
		With:     map[string]string{"timeout": "5m"},
	}
	switch w.Kind {
	case "task":
		ends := well.but(w.fate())
		if w.StopCode != "UserInitiated" && !strings.HasPrefix(w.StoppedReason, "Scaling activity") {
			scenario.behavior = ends
			break
		}
		scenario.once, scenario.With = ends, map[string]string{"run-before": "bin/migrate"}
	case "event":
		scenario.acts = []act{{after: 30 * time.Second, do: func(s *Sim) { s.tell(s.web(), w.event()) }}}
	case "verdict":
		scenario.acts = []act{{after: 30 * time.Second, do: w.end}}
		if w.Code != "" {
			scenario.prepare, scenario.With = underCodeDeploy(asItIs), nil
		}
	case "unplaced":
		scenario.once, scenario.With = behavior{nowhere: w.Failure}, map[string]string{"run-before": "bin/migrate"}
	case "target":
		scenario.behavior = neverHealthy
		scenario.prepare = func(s *Sim, _ *service) {
			s.unhealthy = targetHealth{State: w.State, Reason: w.Reason, Description: w.Description}
		}
	}
	return scenario
}

func (w Words) fate() fate {
	f := fate{
		in: "RUNNING", after: 5 * time.Second, stopCode: w.StopCode, stoppedReason: w.StoppedReason,
		containers: append([]ContainerWords{}, w.Containers...),
	}
	if w.StopCode == "TaskFailedToStart" {
		f.in = "PENDING"
	}
	return f
}

// event is an event with the service that it is about, which those who quote one may have left out.
func (w Words) event() string {
	if strings.HasPrefix(w.Message, "(service ") || strings.HasPrefix(w.Message, "service ") {
		return w.Message
	}
	return "(service web) " + w.Message
}

// end ends the deployment of the web service.
func (w Words) end(s *Sim) {
	v := s.web()
	if w.Code != "" {
		s.end(v, v.codeDeploy.active(), "Failed", onFailure, w.Code, w.StatusReason)
		return
	}
	d := v.primary()
	d.set("FAILED", w.StatusReason, s.now)
	s.rollBack(d, "ECS deployment failed", w.StatusReason)
}
