package ecssim

import (
	"encoding/json"
	"slices"
	"strings"
)

// The members of a task definition, whatever holds them, by what ECS takes for their values
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html and the types that it
// links to). A test compares them with the SDK.
var (
	textMembers = strings.Fields(`family networkMode taskRoleArn executionRoleArn pidMode ipcMode requiresCompatibilities
		expression type deviceName deviceType cpuArchitecture operatingSystemFamily containerName key value name image command
		entryPoint workingDirectory user hostname versionConsistency links credentialSpecs dnsServers dnsSearchDomains
		dockerSecurityOptions dockerLabels valueFrom logDriver options condition ipAddress namespace containerPath
		sourceVolume
		sourceContainer credentialsParameter containerPortRange protocol appProtocol add drop hostPath permissions
		mountOptions
		sourcePath driver driverOpts labels scope fileSystemId rootDirectory transitEncryption accessPointId iam domain
		fileSystemArn accessPointArn`)
	numberMembers = strings.Fields(
		`memoryReservation startTimeout stopTimeout softLimit hardLimit interval timeout retries startPeriod
		containerPort hostPort ignoredExitCodes restartAttemptPeriod size maxSwap sharedMemorySize swappiness
		transitEncryptionPort sizeInGiB`,
	)
	booleanMembers = strings.Fields(
		`enableFaultInjection essential interactive pseudoTerminal privileged readonlyRootFilesystem
		disableNetworking readOnly enabled initProcessEnabled configuredAtLaunch autoprovision`,
	)
	structMembers = strings.Fields(
		`containerDefinitions volumes tags placementConstraints inferenceAccelerators runtimePlatform ephemeralStorage
		proxyConfiguration properties environment secrets environmentFiles dependsOn extraHosts systemControls ulimits
		mountPoints
		volumesFrom repositoryCredentials firelensConfiguration logConfiguration secretOptions healthCheck portMappings
		resourceRequirements sharingStrategy restartPolicy linuxParameters capabilities devices tmpfs host
		dockerVolumeConfiguration
		efsVolumeConfiguration authorizationConfig fsxWindowsFileServerVolumeConfiguration s3filesVolumeConfiguration`,
	)
	// both are text of a task, and numbers of a container.
	sizeMembers = []string{"cpu", "memory"}

	// keyedMembers hold names of the customer's own.
	keyedMembers = []string{"options", "dockerLabels", "driverOpts", "labels"}

	// futureMembers are known to this ECS and to no SDK: it adds members about once a month.
	futureMembers = []string{"brandNewField", "unheardOf", "fieldOfTomorrow"}
)

// knownMembers takes what ECS knows of a task definition. It passes over other members, as services of this protocol do
// (unverified for ECS; clients that check are told "Unexpected key", and it is they who say so,
// https://github.com/aws-actions/amazon-ecs-deploy-task-definition/issues/704). A value of another type is an error.
func knownMembers(definition document) (document, error) {
	known, err := knownOf(map[string]any(definition), "")
	if err != nil {
		return nil, err
	}
	return document(known.(map[string]any)), nil
}

func knownOf(v any, holder string) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		known := map[string]any{}
		for name, member := range v {
			if slices.Contains(futureMembers, name) {
				known[name] = member
				continue
			}
			if member == nil || !isMember(holder, name) {
				continue // an explicit null is as good as none
			}
			var err error
			if known[name], err = typed(holder, name, member); err != nil {
				return nil, err
			}
		}
		return known, nil
	case []any:
		known := []any{}
		for _, element := range v {
			element, err := typed("", holder, element)
			if err != nil {
				return nil, err
			}
			known = append(known, element)
		}
		return known, nil
	}
	return v, nil
}

func isMember(holder, name string) bool {
	return slices.Contains(keyedMembers, holder) ||
		slices.ContainsFunc([][]string{textMembers, numberMembers, booleanMembers, structMembers, sizeMembers},
			func(names []string) bool { return slices.Contains(names, name) })
}

// typed refuses a scalar of another type. The texts for numbers are those of
// https://github.com/aws-actions/amazon-ecs-deploy-task-definition/issues/587, the others are like them and unverified.
func typed(holder, name string, v any) (any, error) {
	_, isText := v.(string)
	_, isNumber := v.(json.Number)
	_, isBoolean := v.(bool)
	isScalar := isText || isNumber || isBoolean
	kind := ""
	switch {
	case slices.Contains(keyedMembers, holder),
		slices.Contains(textMembers, name),
		slices.Contains(sizeMembers, name) && holder == "":
		kind = "String"
	case slices.Contains(numberMembers, name), slices.Contains(sizeMembers, name):
		kind = "Integer"
	case slices.Contains(booleanMembers, name):
		kind = "Boolean"
	default:
		if isScalar {
			return nil, clientError("SerializationException", "Unrecognized collection type for %s", name)
		}
		return knownOf(v, name)
	}
	if !isScalar {
		return knownOf(v, name)
	}
	got := map[bool]string{isText: "STRING_VALUE", isNumber: "NUMBER_VALUE", isBoolean: "BOOLEAN_VALUE"}[true]
	if kind == "String" && !isText || kind == "Integer" && !isNumber || kind == "Boolean" && !isBoolean {
		return nil, clientError("SerializationException", "%s cannot be converted to %s", got, kind)
	}
	return v, nil
}
