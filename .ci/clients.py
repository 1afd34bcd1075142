"""Calls every operation of the simulator that boto3 knows, as a foreign client does, and waits as boto3 waits.

The first argument is the address of the simulator, the second what to do: "calls", or "waits" with the scenario.
What was called is printed, a line each.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

endpoint, what = sys.argv[1], sys.argv[2]
ACCOUNT, REGION = "123456789012", "eu-west-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web:v2"


def client(service):
    return boto3.client(
        service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 1}),
    )


def report(model, **_):
    print(model.name)


boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register("before-call.*.*", report)
ecs, codedeploy = client("ecs"), client("codedeploy")


def deploy():
    """Register a revision of what web runs, with another image, and deploy it: as AWS's documentation says."""
    web = ecs.describe_services(cluster="main", services=["web"])["services"][0]
    definition = ecs.describe_task_definition(taskDefinition=web["taskDefinition"])["taskDefinition"]
    for read_only in ["taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"]:
        definition.pop(read_only, None)
    definition["containerDefinitions"][0]["image"] = IMAGE
    revision = ecs.register_task_definition(**definition)["taskDefinition"]
    ecs.update_service(cluster="main", service="web", taskDefinition=revision["taskDefinitionArn"])
    return revision["taskDefinitionArn"]


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{call} was not refused")


def calls():
    arn = deploy()
    assert ecs.list_services(cluster="main")["serviceArns"]
    assert arn in ecs.list_task_definitions(familyPrefix="web", sort="DESC")["taskDefinitionArns"]
    tasks = ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
    assert ecs.describe_tasks(cluster="main", tasks=tasks)["tasks"][0]["lastStatus"]
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    task = ecs.run_task(cluster="main", taskDefinition=arn, networkConfiguration=network)["tasks"][0]["taskArn"]
    ecs.stop_task(cluster="main", task=task, reason="enough")
    ecs.get_waiter("tasks_stopped").wait(cluster="main", tasks=[task], WaiterConfig={"Delay": 1})
    assert ecs.deregister_task_definition(taskDefinition="web:39")["taskDefinition"]["status"] == "INACTIVE"
    refused("ClientException", ecs.describe_task_definition, taskDefinition="nothing")
    refused("ServiceNotFoundException", ecs.update_service, cluster="main", service="nothing")

    arn = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/web/6d0ecf831eec9f09"
    assert "TargetHealthDescriptions" in client("elbv2").describe_target_health(TargetGroupArn=arn)
    assert client("elbv2").describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]["HealthCheckPath"] == "/health"
    attributes = client("elbv2").describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "30"} in attributes, attributes
    assert client("iam").get_role(RoleName="web-task")["Role"]["Arn"]
    assert client("sts").get_caller_identity()["Account"] == ACCOUNT
    client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/partner", RoleSessionName="session", ExternalId="shop-42")
    refused("InvalidIdentityToken", client("sts").assume_role_with_web_identity, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/deployer", RoleSessionName="session", WebIdentityToken="x.y.z")
    images = client("ecr").batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
    assert images["images"] and not images["failures"]
    logs = client("logs")
    assert logs.describe_log_groups(logGroupNamePrefix="/ecs/web")["logGroups"]
    refused("ResourceNotFoundException", logs.get_log_events, logGroupName="/ecs/web", logStreamName="app/app/0")
    assert client("ssm").describe_parameters(ParameterFilters=[{"Key": "Name", "Values": ["db-password"]}])["Parameters"]
    assert client("secretsmanager").describe_secret(SecretId=f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:api-key")["ARN"]
    events = client("events")
    targets = events.list_targets_by_rule(Rule="nightly")["Targets"]
    assert events.put_targets(Rule="nightly", Targets=targets)["FailedEntryCount"] == 0
    scheduler = client("scheduler")
    schedule = scheduler.get_schedule(GroupName="reports", Name="monthly")
    for read_only in ["Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"]:
        schedule.pop(read_only, None)
    assert scheduler.update_schedule(**schedule)["ScheduleArn"]


def codedeploy_calls():
    names = {"applicationName": "AppECS-main-web", "deploymentGroupName": "DgpECS-main-web"}
    group = codedeploy.get_deployment_group(**names)["deploymentGroupInfo"]
    assert codedeploy.get_deployment_config(deploymentConfigName=group["deploymentConfigName"])["deploymentConfigInfo"]["computePlatform"] == "ECS"
    spec = {"version": "0.0", "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
        "TaskDefinition": "web:40", "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8080}}}}]}
    revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(spec)}}
    ours = codedeploy.create_deployment(**names, revision=revision)["deploymentId"]
    codedeploy.get_waiter("deployment_successful").wait(deploymentId=ours, WaiterConfig={"Delay": 1})
    target = codedeploy.get_deployment_target(deploymentId=ours, targetId="main:web")["deploymentTarget"]["ecsTarget"]
    assert target["status"] == "Succeeded", target
    sum256 = codedeploy.get_deployment(deploymentId=ours)["deploymentInfo"]["revision"]["appSpecContent"]["sha256"]
    content = codedeploy.get_application_revision(applicationName=names["applicationName"],
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"sha256": sum256}})["revision"]["appSpecContent"]["content"]
    assert json.loads(content) == spec
    assert ours in codedeploy.list_deployments(**names, includeOnlyStatuses=["Succeeded"])["deployments"]
    spec["Resources"][0]["TargetService"]["Properties"]["TaskDefinition"] = "web:41"
    revision["appSpecContent"]["content"] = json.dumps(spec)
    theirs = codedeploy.create_deployment(**names, revision=revision)["deploymentId"]
    refused("DeploymentIsNotInReadyStateException", codedeploy.continue_deployment, deploymentId=theirs, deploymentWaitType="READY_WAIT")
    assert codedeploy.stop_deployment(deploymentId=theirs, autoRollbackEnabled=True)["status"] == "Pending"
    try:
        codedeploy.get_waiter("deployment_successful").wait(deploymentId=theirs, WaiterConfig={"Delay": 1})
    except WaiterError as error:
        assert error.last_response["deploymentInfo"]["status"] == "Stopped", error
    else:
        raise AssertionError("a stopped deployment counts as successful")


def alarms():
    cloudwatch = client("cloudwatch")
    asked = {"AlarmNames": ["web-5xx", "web-slow"]}
    assert cloudwatch.describe_alarms(**asked)["MetricAlarms"][0]["StateValue"] == "OK"
    assert not cloudwatch.describe_alarms(**asked)["CompositeAlarms"]
    composite = cloudwatch.describe_alarms(**asked, AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [alarm["AlarmName"] for alarm in composite] == ["web-slow"], composite


def waits(verdict):
    """services_stable is satisfied by whatever is stable, also by what was rolled back or is another's."""
    arn = deploy()
    ecs.get_waiter("services_stable").wait(cluster="main", services=["web"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    runs = ecs.describe_services(cluster="main", services=["web"])["services"][0]["deployments"]
    assert len(runs) == 1, runs
    assert {True: "ours", False: "another"}[runs[0]["taskDefinition"] == arn] == verdict, runs


if what == "calls":
    calls()
elif what == "codedeploy":
    codedeploy_calls()
elif what == "alarms":
    alarms()
else:
    waits(sys.argv[3])
