package ecssim

import (
	"cmp"
	"time"
)

// Actor is who does something in a world.
type Actor string

const (
	Earlier  Actor = ""         // whoever did it before the deployer came
	Deployer Actor = "deployer" // who makes the calls
	Somebody Actor = "someone"  // another, meanwhile
)

// Truth is what really became of a service, which no call tells.
type Truth struct {
	Service     string
	Deleted     bool
	Desired     int
	Deployments []TrueDeployment // newest first; of CodeDeploy's without those that roll others back
}

// TrueDeployment is what really became of a deployment.
type TrueDeployment struct {
	ID        string
	Revision  string // as family:revision
	By        Actor  // who started it
	StoppedBy Actor  // who asked for it to be rolled back; Earlier is nobody
	Status    string // as the service deployment, or CodeDeploy, has it
	Primary   bool   // the service runs it, or is on its way to it
	Complete  bool   // and it has come to its good end
	Created   time.Time
	Ended     time.Time // zero: it goes on
	Ran       time.Time // when all the tasks that are wanted were first healthy at the same time; zero: never
	WentTo    string    // the revision to which it was rolled back, or is
}

// Truth is what really became of the services of a cluster, by their names.
func (s *Sim) Truth(cluster string) map[string]Truth {
	s.mu.Lock()
	defer s.mu.Unlock()
	truths := map[string]Truth{}
	c, err := s.findCluster(cluster)
	if err != nil {
		return truths
	}
	for _, d := range c.daemons {
		truths[d.of.name] = d.truth()
	}
	for _, v := range c.services {
		truth := Truth{Service: v.name, Deleted: v.status != "ACTIVE", Desired: v.desired}
		if v.codeDeploy == nil {
			for _, d := range v.history {
				truth.Deployments = append(truth.Deployments, d.truth())
			}
		} else {
			for _, d := range v.codeDeploy.deployments {
				if d.of == nil {
					truth.Deployments = append(truth.Deployments, d.truth())
				}
			}
		}
		truths[v.name] = truth
	}
	return truths
}

// Registered counts the revisions that the deployer has registered, by their families.
func (s *Sim) Registered() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]int{}
	for _, families := range []map[string]*family{s.families, s.ofDaemons} {
		for name, family := range families {
			for _, r := range family.revisions {
				if r.registrar == Deployer {
					counts[name]++
				}
			}
		}
	}
	return counts
}

// truth is what really became of a managed daemon.
func (d *daemon) truth() Truth {
	truth := Truth{Service: d.of.name, Deleted: d.deleted, Desired: len(d.instances)}
	newest := d.history[0]
	mixed := newest.status == "STOPPED" || newest.status == "ROLLBACK_FAILED"
	for _, its := range d.history {
		told := TrueDeployment{
			ID: its.id, Revision: its.target.definition.id(), By: its.by, Status: its.status, Created: its.created,
			Ended: its.finished, Primary: !mixed && its.target == newest.aim(),
		}
		told.Complete = told.Primary && newest.over()
		if !its.back.IsZero() {
			told.WentTo = its.aim().definition.id()
		}
		truth.Deployments = append(truth.Deployments, told)
	}
	return truth
}

func (d *deployment) truth() TrueDeployment {
	truth := TrueDeployment{
		ID: d.id(), Revision: d.revision.id(), By: d.by, StoppedBy: d.stoppedBy, Status: d.progress,
		Primary: d.status == "PRIMARY" && d == d.service.primary(), Created: d.created, Ended: d.finished, Ran: d.allRan,
	}
	truth.Complete = truth.Primary && d.rollout == "COMPLETED"
	if d.rollback != nil {
		truth.WentTo = d.rollback.to.revision.id()
	}
	return truth
}

func (d *shift) truth() TrueDeployment {
	truth := TrueDeployment{
		ID: d.id, Revision: d.revision.id(), By: d.by, StoppedBy: d.stoppedBy, Status: d.status, Created: d.created,
		Ended: d.ended,
	}
	if d.green != nil {
		truth.Primary, truth.Ran = d.green.status == "PRIMARY", d.green.allRan
		truth.Complete = truth.Primary && d.status == "Succeeded"
	}
	if d.rollback != nil {
		truth.WentTo = d.rollback.revision.id()
	}
	return truth
}

// seeRunning files when all the tasks that are wanted of a deployment are first healthy at the same time.
func (s *Sim) seeRunning(d *deployment) {
	if d.allRan.IsZero() && d.healthy() >= cmp.Or(d.service.desired, 1) {
		d.allRan = s.now
	}
}
