package rollout

import (
	"ecs-deploy/internal/lazy"
	"strings"
)

// The words of AWS that decide anything here. A word that AWS adds is kept as it is, and decides nothing.
type (
	// Controller is who carries the deployments of a service out, or how.
	Controller string
	// ServiceStatus is the status of a service.
	ServiceStatus string
	// DeploymentStatus is the status of an entry of a service's deployments.
	DeploymentStatus string
	// RolloutState is how far such an entry is; empty behind a Classic Load Balancer.
	RolloutState string
	// ServiceDeploymentStatus is the status of a service deployment.
	ServiceDeploymentStatus string
	// MonitorStatus is what the circuit breaker does about a service deployment.
	MonitorStatus string
	// HookStatus is the status of a lifecycle hook.
	HookStatus string
	// TaskStatus is the lastStatus of a task.
	TaskStatus string
	// HealthStatus is what the health checks of its containers say of a task.
	HealthStatus string
	// StopCode is the class of the reason for which a task stopped.
	StopCode string
)

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentController.html
const (
	ControlledByECS      Controller = "ECS"
	ControlledByYourself Controller = "EXTERNAL"
)

// ControlledByExpress is no word of AWS's: ECS carries the deployments of Express services out as those of others, has
// made what is around them, and tells them by their resourceManagementType.
const ControlledByExpress Controller = "EXPRESS"

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
const ServiceActive ServiceStatus = "ACTIVE"

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
const (
	DeploymentPrimary  DeploymentStatus = "PRIMARY"
	DeploymentActive   DeploymentStatus = "ACTIVE"
	DeploymentInactive DeploymentStatus = "INACTIVE"

	RolloutInProgress RolloutState = "IN_PROGRESS"
	RolloutCompleted  RolloutState = "COMPLETED"
	RolloutFailed     RolloutState = "FAILED"
)

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
const (
	ServiceDeploymentInProgress         ServiceDeploymentStatus = "IN_PROGRESS"
	ServiceDeploymentSuccessful         ServiceDeploymentStatus = "SUCCESSFUL"
	ServiceDeploymentStopRequested      ServiceDeploymentStatus = "STOP_REQUESTED"
	ServiceDeploymentStopped            ServiceDeploymentStatus = "STOPPED"
	ServiceDeploymentRollbackRequested  ServiceDeploymentStatus = "ROLLBACK_REQUESTED"
	ServiceDeploymentRollbackInProgress ServiceDeploymentStatus = "ROLLBACK_IN_PROGRESS"
	ServiceDeploymentRollbackSuccessful ServiceDeploymentStatus = "ROLLBACK_SUCCESSFUL"
	ServiceDeploymentRollbackFailed     ServiceDeploymentStatus = "ROLLBACK_FAILED"
)

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentCircuitBreaker.html
const (
	Monitoring       MonitorStatus = "MONITORING"
	MonitorTriggered MonitorStatus = "TRIGGERED"
)

// Over tells whether the deployment has come to one of its ends
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html).
func (s ServiceDeploymentStatus) Over() bool {
	return s == ServiceDeploymentSuccessful || s == ServiceDeploymentStopped ||
		s == ServiceDeploymentRollbackSuccessful || s == ServiceDeploymentRollbackFailed
}

// RollingBack tells whether ECS is rolling the deployment back, or has.
func (s ServiceDeploymentStatus) RollingBack() bool { return strings.HasPrefix(string(s), "ROLLBACK_") }

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentLifecycleHookDetail.html
const (
	HookAwaitingAction HookStatus = "AWAITING_ACTION"
	HookSucceeded      HookStatus = "SUCCEEDED"
	HookFailed         HookStatus = "FAILED"
	HookTimedOut       HookStatus = "TIMED_OUT"
)

// Over tells whether the hook has ended.
func (s HookStatus) Over() bool { return s == HookSucceeded || s == HookFailed || s == HookTimedOut }

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
const (
	TaskRunning TaskStatus = "RUNNING"
	TaskStopped TaskStatus = "STOPPED"

	TaskHealthy   HealthStatus = "HEALTHY"
	TaskUnhealthy HealthStatus = "UNHEALTHY"

	EssentialContainerExited  StopCode = "EssentialContainerExited"
	TaskFailedToStart         StopCode = "TaskFailedToStart"
	UserInitiated             StopCode = "UserInitiated"
	ServiceSchedulerInitiated StopCode = "ServiceSchedulerInitiated"
	SpotInterruption          StopCode = "SpotInterruption"
	TerminationNotice         StopCode = "TerminationNotice"
	InfrastructureHealth      StopCode = "InfrastructureHealth"
)

// HostGone tells whether a task stopped since its host went away, whatever its containers ended with.
func (s StopCode) HostGone() bool {
	return s == SpotInterruption || s == TerminationNotice || s == InfrastructureHealth
}

// NetworkModeVPC is the network mode in which each task has an address of its own.
const NetworkModeVPC = "awsvpc"

// Stages are those of the lifecycle of a deployment that shifts traffic, in their order
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html).
var Stages = []string{
	"RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT",
	StagePreProduction, StageProduction, "POST_PRODUCTION_TRAFFIC_SHIFT", StageBakeTime, "CLEAN_UP",
}

// The stages that something is known of.
const (
	StagePreProduction = "PRE_PRODUCTION_TRAFFIC_SHIFT" // before each step of production traffic
	StageProduction    = "PRODUCTION_TRAFFIC_SHIFT"
	StageBakeTime      = "BAKE_TIME" // both revisions run, and alarms are watched
)

// InWords is a word of AWS's, such as IN_PROGRESS or InProgress, as one would write it.
func InWords[Word ~string](word Word) string {
	text := string(word)
	if strings.ToUpper(text) != text {
		text = humps().ReplaceAllString(text, "${1} ${2}")
	}
	return strings.ToLower(strings.ReplaceAll(text, "_", " "))
}

var humps = lazy.Regexp(`([a-z])([A-Z])`)
