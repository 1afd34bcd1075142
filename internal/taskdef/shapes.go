package taskdef

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// TaskDefinitionShape is what RegisterTaskDefinition takes
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html). A test compares it with
// the types of the SDK. Members that it lacks pass as they are written.
var TaskDefinitionShape = sync.OnceValue(func() Shape {
	return fields(map[string]Shape{
		"family":                  aText,
		"cpu":                     aText,
		"memory":                  aText,
		"networkMode":             aText,
		"taskRoleArn":             aText,
		"executionRoleArn":        aText,
		"pidMode":                 aText,
		"ipcMode":                 aText,
		"enableFaultInjection":    aTruth,
		"requiresCompatibilities": texts(),
		"containerDefinitions":    list(containerShape()),
		"volumes":                 list(volumeShape()),
		"tags":                    list(tagShape()),
		"placementConstraints":    list(fields(map[string]Shape{"expression": aText, "type": aText})),
		"inferenceAccelerators":   list(fields(map[string]Shape{"deviceName": aText, "deviceType": aText})),
		"runtimePlatform":         fields(map[string]Shape{"cpuArchitecture": aText, "operatingSystemFamily": aText}),
		"ephemeralStorage":        fields(map[string]Shape{"sizeInGiB": aWhole}),
		"proxyConfiguration": fields(map[string]Shape{
			"containerName": aText, "type": aText, "properties": list(nameAndValue()),
		}),
	})
})

func tagShape() Shape { return fields(map[string]Shape{"key": aText, "value": aText}) }

func nameAndValue() Shape { return fields(map[string]Shape{"name": aText, "value": aText}) }

func secretsShape() Shape { return list(fields(map[string]Shape{"name": aText, "valueFrom": aText})) }

func logShape() Shape {
	return fields(map[string]Shape{"logDriver": aText, "options": mapping(aText), "secretOptions": secretsShape()})
}

func containerShape() Shape {
	return fields(map[string]Shape{
		"name":                   aText,
		"image":                  aText,
		"cpu":                    aWhole,
		"memory":                 aWhole,
		"memoryReservation":      aWhole,
		"essential":              aTruth,
		"command":                texts(),
		"entryPoint":             texts(),
		"workingDirectory":       aText,
		"user":                   aText,
		"hostname":               aText,
		"versionConsistency":     aText,
		"interactive":            aTruth,
		"pseudoTerminal":         aTruth,
		"privileged":             aTruth,
		"readonlyRootFilesystem": aTruth,
		"disableNetworking":      aTruth,
		"startTimeout":           aWhole,
		"stopTimeout":            aWhole,
		"links":                  texts(),
		"credentialSpecs":        texts(),
		"dnsServers":             texts(),
		"dnsSearchDomains":       texts(),
		"dockerSecurityOptions":  texts(),
		"dockerLabels":           mapping(aText),
		"environment":            list(nameAndValue()),
		"secrets":                secretsShape(),
		"environmentFiles":       list(fields(map[string]Shape{"type": aText, "value": aText})),
		"dependsOn":              list(fields(map[string]Shape{"condition": aText, "containerName": aText})),
		"extraHosts":             list(fields(map[string]Shape{"hostname": aText, "ipAddress": aText})),
		"systemControls":         list(fields(map[string]Shape{"namespace": aText, "value": aText})),
		"ulimits":                list(fields(map[string]Shape{"name": aText, "softLimit": aWhole, "hardLimit": aWhole})),
		"mountPoints":            list(mountShape()),
		"volumesFrom":            list(fields(map[string]Shape{"sourceContainer": aText, "readOnly": aTruth})),
		"repositoryCredentials":  fields(map[string]Shape{"credentialsParameter": aText}),
		"firelensConfiguration":  fields(map[string]Shape{"type": aText, "options": mapping(aText)}),
		"logConfiguration":       logShape(),
		"healthCheck": fields(map[string]Shape{
			"command": texts(), "interval": aWhole, "timeout": aWhole, "retries": aWhole, "startPeriod": aWhole,
		}),
		"portMappings": list(fields(map[string]Shape{
			"name":               aText,
			"containerPort":      aWhole,
			"containerPortRange": aText,
			"hostPort":           aWhole,
			"protocol":           aText,
			"appProtocol":        aText,
		})),
		"resourceRequirements": list(fields(map[string]Shape{"type": aText, "value": aText, "sharingStrategy": {}})),
		"restartPolicy": fields(map[string]Shape{
			"enabled": aTruth, "ignoredExitCodes": list(aWhole), "restartAttemptPeriod": aWhole,
		}),
		"linuxParameters": linuxShape(),
	})
}

func linuxShape() Shape {
	device := map[string]Shape{"hostPath": aText, "containerPath": aText, "permissions": texts()}
	return fields(map[string]Shape{
		"capabilities":       fields(map[string]Shape{"add": texts(), "drop": texts()}),
		"devices":            list(fields(device)),
		"tmpfs":              list(fields(map[string]Shape{"containerPath": aText, "size": aWhole, "mountOptions": texts()})),
		"initProcessEnabled": aTruth,
		"maxSwap":            aWhole,
		"sharedMemorySize":   aWhole,
		"swappiness":         aWhole,
	})
}

func mountShape() Shape {
	return fields(map[string]Shape{"containerPath": aText, "sourceVolume": aText, "readOnly": aTruth})
}

func volumeShape() Shape {
	return fields(map[string]Shape{
		"name":               aText,
		"configuredAtLaunch": aTruth,
		"host":               fields(map[string]Shape{"sourcePath": aText}),
		"dockerVolumeConfiguration": fields(map[string]Shape{
			"autoprovision": aTruth, "driver": aText, "driverOpts": mapping(aText), "labels": mapping(aText), "scope": aText,
		}),
		"efsVolumeConfiguration": fields(map[string]Shape{
			"fileSystemId": aText, "rootDirectory": aText, "transitEncryption": aText, "transitEncryptionPort": aWhole,
			"authorizationConfig": fields(map[string]Shape{"accessPointId": aText, "iam": aText}),
		}),
		"fsxWindowsFileServerVolumeConfiguration": fields(map[string]Shape{
			"fileSystemId": aText, "rootDirectory": aText,
			"authorizationConfig": fields(map[string]Shape{"credentialsParameter": aText, "domain": aText}),
		}),
		"s3filesVolumeConfiguration": fields(map[string]Shape{
			"fileSystemArn": aText, "accessPointArn": aText, "rootDirectory": aText, "transitEncryptionPort": aWhole,
		}),
	})
}

// ServiceShape is what UpdateService takes
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html). A test compares it with the types
// of the SDK. Members that it lacks pass as they are written.
var ServiceShape = sync.OnceValue(func() Shape {
	return fields(map[string]Shape{
		"cluster":                       aText,
		"service":                       aText,
		"taskDefinition":                aText,
		"desiredCount":                  aWhole,
		"forceNewDeployment":            aTruth,
		"platformVersion":               aText,
		"availabilityZoneRebalancing":   aText,
		"propagateTags":                 aText,
		"enableECSManagedTags":          aTruth,
		"enableExecuteCommand":          aTruth,
		"healthCheckGracePeriodSeconds": aWhole,
		"deploymentController":          fields(map[string]Shape{"type": aText}),
		"deploymentConfiguration":       deploymentShape(),
		"capacityProviderStrategy": list(
			fields(map[string]Shape{"capacityProvider": aText, "base": aWhole, "weight": aWhole}),
		),
		"placementConstraints": list(fields(map[string]Shape{"expression": aText, "type": aText})),
		"placementStrategy":    list(fields(map[string]Shape{"field": aText, "type": aText})),
		"networkConfiguration": fields(map[string]Shape{
			"awsvpcConfiguration": fields(
				map[string]Shape{"subnets": texts(), "securityGroups": texts(), "assignPublicIp": aText},
			),
		}),
		"loadBalancers": list(fields(map[string]Shape{
			"containerName": aText, "containerPort": aWhole, "loadBalancerName": aText, "targetGroupArn": aText,
			"advancedConfiguration": fields(map[string]Shape{
				"alternateTargetGroupArn": aText, "productionListenerRule": aText, "testListenerRule": aText, "roleArn": aText,
			}),
		})),
		"vpcLatticeConfigurations": list(fields(map[string]Shape{
			"portName": aText, "roleArn": aText, "targetGroupArn": aText,
			"advancedConfiguration": fields(map[string]Shape{
				"alternateTargetGroupArn": aText, "productionListenerRule": aText, "testListenerRule": aText,
			}),
		})),
		"serviceRegistries": list(fields(map[string]Shape{
			"containerName": aText, "containerPort": aWhole, "port": aWhole, "registryArn": aText,
		})),
		"monitoring": fields(map[string]Shape{
			"metricConfigurations": list(fields(map[string]Shape{"metricNames": texts(), "resolutionSeconds": aWhole})),
		}),
		"gatewayConnectors": list(fields(map[string]Shape{
			"portName": aText,
			"filters":  fields(map[string]Shape{"accessTypes": texts()}),
			"healthCheck": fields(map[string]Shape{
				"healthCheckIntervalSeconds": aWhole,
				"healthCheckPath":            aText,
				"healthCheckPort":            aWhole,
				"healthCheckProtocol":        aText,
				"healthCheckTimeoutSeconds":  aWhole,
				"healthyThresholdCount":      aWhole,
				"unhealthyThresholdCount":    aWhole,
				"matcher":                    fields(map[string]Shape{"grpcCode": aText, "httpCode": aText}),
			}),
		})),
		"serviceConnectConfiguration": serviceConnectShape(),
		"volumeConfigurations": list(
			fields(map[string]Shape{"name": aText, "managedEBSVolume": managedVolumeShape()}),
		),
	})
})

// NotOfUpdateService are the members of a service that CreateService takes or DescribeServices shows, and
// UpdateService does not have. A definition that is pasted has them in it.
var NotOfUpdateService = []string{
	"clientToken",
	"clusterArn",
	"createdAt",
	"createdBy",
	"currentServiceDeployment",
	"currentServiceRevisions",
	"deployments",
	"events",
	"launchType",
	"pendingCount",
	"platformFamily",
	"resourceManagementType",
	"role",
	"roleArn",
	"runningCount",
	"schedulingStrategy",
	"serviceArn",
	"serviceName",
	"status",
	"tags",
	"taskSets",
}

func deploymentShape() Shape {
	return fields(map[string]Shape{
		"strategy":              aText,
		"minimumHealthyPercent": aWhole,
		"maximumPercent":        aWhole,
		"bakeTimeInMinutes":     aWhole,
		"alarms":                fields(map[string]Shape{"alarmNames": texts(), "enable": aTruth, "rollback": aTruth}),
		"canaryConfiguration":   fields(map[string]Shape{"canaryBakeTimeInMinutes": aWhole, "canaryPercent": aNumber}),
		"linearConfiguration":   fields(map[string]Shape{"stepBakeTimeInMinutes": aWhole, "stepPercent": aNumber}),
		"earlySuccessCriteria": fields(map[string]Shape{
			"enable": aTruth, "healthyPercent": aWhole, "sourceServiceRevisionCleanup": aText,
		}),
		"deploymentCircuitBreaker": fields(map[string]Shape{
			"enable": aTruth, "rollback": aTruth, "resetOnHealthyTask": aTruth,
			"thresholdConfiguration": fields(map[string]Shape{"type": aText, "value": aWhole}),
		}),
		"lifecycleHooks": list(fields(map[string]Shape{
			"hookDetails": {}, "hookTargetArn": aText, "lifecycleStages": texts(), "roleArn": aText, "targetType": aText,
			"timeoutConfiguration": fields(map[string]Shape{"action": aText, "timeoutInMinutes": aWhole}),
		})),
	})
}

func serviceConnectShape() Shape {
	return fields(map[string]Shape{
		"enabled":                 aTruth,
		"namespace":               aText,
		"logConfiguration":        logShape(),
		"accessLogConfiguration":  fields(map[string]Shape{"format": aText, "includeQueryParameters": aText}),
		"containerConfigurations": list(Shape{}),
		"services": list(fields(map[string]Shape{
			"portName": aText, "discoveryName": aText, "ingressPortOverride": aWhole,
			"timeout": fields(map[string]Shape{"idleTimeoutSeconds": aWhole, "perRequestTimeoutSeconds": aWhole}),
			"tls": fields(map[string]Shape{
				"issuerCertificateAuthority": fields(map[string]Shape{"awsPcaAuthorityArn": aText}),
				"kmsKey":                     aText,
				"roleArn":                    aText,
			}),
			"clientAliases": list(fields(map[string]Shape{
				"port": aWhole, "dnsName": aText,
				"testTrafficRules": fields(map[string]Shape{
					"header": fields(map[string]Shape{"name": aText, "value": fields(map[string]Shape{"exact": aText})}),
				}),
			})),
		})),
	})
}

func managedVolumeShape() Shape {
	return fields(map[string]Shape{
		"roleArn":                  aText,
		"encrypted":                aTruth,
		"filesystemType":           aText,
		"iops":                     aWhole,
		"kmsKeyId":                 aText,
		"sizeInGiB":                aWhole,
		"snapshotId":               aText,
		"throughput":               aWhole,
		"volumeInitializationRate": aWhole,
		"volumeType":               aText,
		"tagSpecifications": list(
			fields(map[string]Shape{"resourceType": aText, "propagateTags": aText, "tags": list(tagShape())}),
		),
	})
}

// OneOffShape is the description of a task that runs once, as run-before and run-after take it.
var OneOffShape = sync.OnceValue(func() Shape {
	command, capacity := texts(), list(strictly(map[string]Shape{"provider": aText, "weight": aWhole, "base": aWhole}))
	command.orText, capacity.orText = true, true
	return strictly(map[string]Shape{
		"container":   aText,
		"command":     command,
		"environment": mapping(aText),
		"cpu":         aText,
		"memory":      aText,
		"taskRole":    aText,
		"network":     strictly(map[string]Shape{"subnets": texts(), "securityGroups": texts(), "assignPublicIp": aTruth}),
		"capacity":    capacity,
		"count":       aWhole,
		"timeout":     aText,
	})
})

// strictly is a structure that takes no other members.
func strictly(members map[string]Shape) Shape {
	return Shape{kind: structKind, members: members, strict: true}
}

// Decode reads YAML or JSON of a shape into what encoding/json reads it into. The error tells the line of what is
// wrong.
func Decode(source string, of Shape, into any) error {
	root, err := parseSource([]byte(source))
	if err != nil {
		return err
	}
	if root, err = of.conform(root, ""); err != nil {
		return err
	}
	if err := json.Unmarshal(root.append(nil), into); err != nil {
		var beyond *json.UnmarshalTypeError
		if errors.As(err, &beyond) {
			return fmt.Errorf("%s: the number is too large", strings.ToLower(beyond.Field))
		}
		return err
	}
	return nil
}
