package ecssim

import (
	"net/http"
	"strings"
	"time"
)

// latticeGroup is what the ARNs of VPC Lattice's target groups begin with.
const latticeGroup = "arn:aws:vpc-lattice:" + region + ":" + account + ":targetgroup/"

// behindLattice puts a service behind VPC Lattice, in place of its load balancer.
func behindLattice(strategy string) func(*Sim, *service) {
	return func(s *Sim, v *service) {
		shifts(strategy)(s, v)
		v.lattice = true
	}
}

// latticeConfigurations are in the deployments of a service alone [API: VpcLatticeConfiguration].
func (v *service) latticeConfigurations() []document {
	rule := "arn:aws:vpc-lattice:" + region + ":" + account + ":service/svc-0a1b2c3d4e5f60718/listener/" +
		"listener-0a1b2c3d4e5f60718/rule/rule-0a1b2c3d4e5f60718"
	return []document{{
		"roleArn": "arn:aws:iam::" + account + ":role/ecs-infrastructure", "portName": "http",
		"targetGroupArn": v.targetGroup(),
		"advancedConfiguration": document{
			"alternateTargetGroupArn": v.alternateGroup(), "productionListenerRule": rule,
		},
	}}
}

// latticeWait is how long ECS waits for VPC Lattice in a stage: "approximately"
// [GUIDE: vpc-lattice-resources-for-blue-green].
func (v *service) latticeWait(stage string) time.Duration {
	switch {
	case v.lattice && stage == "POST_SCALE_UP":
		return 3 * time.Minute
	case v.lattice && (stage == "TEST_TRAFFIC_SHIFT" || stage == "PRODUCTION_TRAFFIC_SHIFT"):
		return 90 * time.Second
	}
	return 0
}

// answerLattice answers as VPC Lattice, which speaks REST
// (https://docs.aws.amazon.com/vpc-lattice/latest/APIReference/API_ListTargets.html).
func (s *Sim) answerLattice(r *http.Request, path string, body []byte) reply {
	const operation = "ListTargets"
	s.record(operation, body)
	if _, err := s.signer(r.Header); err != nil {
		return failure(err)
	}
	if fault := s.fault(operation); fault != nil {
		return fault.reply()
	}
	group := strings.TrimSuffix(path, "/listtargets")
	if err := s.denied(operation, []byte(`{"TargetGroupIdentifier":"`+group+`"}`)); err != nil {
		return failure(err)
	}
	items := []document{}
	for _, target := range s.targetHealth(group) {
		item := document{"id": target.ID, "port": target.Port, "status": strings.ToUpper(target.State)}
		if target.State == "unhealthy" { // text unverified
			item["reasonCode"] = "HealthCheckFailed"
		}
		items = append(items, item)
	}
	return reply{status: http.StatusOK, body: document{"items": items}}
}
