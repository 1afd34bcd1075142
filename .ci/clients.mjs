// Calls the operations of ECS that only newer clients know, with the client of AWS's own action, and waits as that
// action does (waitUntilServicesStable). The first argument is the address of the simulator, the second what to do.
// What was called is printed, a line each.
import * as aws from '@aws-sdk/client-ecs'

const [endpoint, what, want] = process.argv.slice(2)
const ecs = new aws.ECSClient({ endpoint, region: 'eu-west-1', maxAttempts: 1, credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' } })
ecs.middlewareStack.add((next, context) => (args) => {
  console.log(context.commandName.replace(/Command$/, ''))
  return next(args)
}, { step: 'initialize' })
const send = (Command, input) => ecs.send(new Command(input))
const check = (condition, said) => { if (!condition) throw new Error(said) }

async function deploy() {
  const { services: [web] } = await send(aws.DescribeServicesCommand, { cluster: 'main', services: ['web'] })
  const { taskDefinition } = await send(aws.DescribeTaskDefinitionCommand, { taskDefinition: web.taskDefinition })
  const { family, containerDefinitions, cpu, memory, networkMode, executionRoleArn, requiresCompatibilities } = taskDefinition
  containerDefinitions[0].image = containerDefinitions[0].image.replace(':v1', ':v2')
  const { taskDefinition: revision } = await send(aws.RegisterTaskDefinitionCommand, { family, containerDefinitions, cpu, memory, networkMode, executionRoleArn, requiresCompatibilities })
  await send(aws.UpdateServiceCommand, { cluster: 'main', service: 'web', taskDefinition: revision.taskDefinitionArn })
  return revision.taskDefinitionArn
}

async function newest() {
  const { serviceDeployments } = await send(aws.ListServiceDeploymentsCommand, { cluster: 'main', service: 'web' })
  const { serviceDeployments: [ours] } = await send(aws.DescribeServiceDeploymentsCommand, { serviceDeploymentArns: [serviceDeployments[0].serviceDeploymentArn] })
  return ours
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

async function untilStatus(...wanted) {
  for (let i = 0; i < 80; i++) {
    const ours = await newest()
    if (wanted.includes(ours.status)) return ours
    await pause(100)
  }
  throw new Error(`no deployment came to ${wanted}`)
}

if (what === 'calls') {
  const arn = await deploy()
  const ours = await untilStatus('PENDING', 'IN_PROGRESS') // it is listed a while after the update
  const { serviceRevisions: [revision] } = await send(aws.DescribeServiceRevisionsCommand, { serviceRevisionArns: [ours.targetServiceRevision.arn] })
  check(revision.taskDefinition === arn, revision.taskDefinition)
  await send(aws.StopServiceDeploymentCommand, { serviceDeploymentArn: ours.serviceDeploymentArn, stopType: 'ROLLBACK' })
  await untilStatus('ROLLBACK_SUCCESSFUL')
} else if (what === 'continue') {
  const waiting = await newest()
  const hook = waiting.lifecycleHookDetails.find((h) => h.status === 'AWAITING_ACTION')
  check(hook, JSON.stringify(waiting))
  await send(aws.ContinueServiceDeploymentCommand, { serviceDeploymentArn: waiting.serviceDeploymentArn, hookId: hook.hookId, action: 'CONTINUE' })
  await untilStatus('SUCCESSFUL')
} else if (what === 'lattice') {
  const { services: [web] } = await send(aws.DescribeServicesCommand, { cluster: 'main', services: ['web'] })
  const { VPCLatticeClient, ListTargetsCommand } = await import('@aws-sdk/client-vpc-lattice')
  const lattice = new VPCLatticeClient({ endpoint, region: 'eu-west-1', maxAttempts: 1, credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' } })
  const targetGroupIdentifier = web.deployments[0].vpcLatticeConfigurations[0].targetGroupArn
  const { items } = await lattice.send(new ListTargetsCommand({ targetGroupIdentifier }))
  check(items.length === 2 && items.every((item) => item.status === 'HEALTHY'), JSON.stringify(items))
  console.log('ListTargets')
} else if (what === 'express') { // as AWS's own action for Express services does
  const { services: [web] } = await send(aws.DescribeServicesCommand, { cluster: 'main', services: ['web'] })
  check(web.resourceManagementType === 'ECS' && !web.taskDefinition, JSON.stringify(web))
  const { service } = await send(aws.DescribeExpressGatewayServiceCommand, { serviceArn: web.serviceArn })
  const { primaryContainer, ingressPaths } = service.activeConfigurations[0]
  check(primaryContainer.image.endsWith('/web:v1') && ingressPaths[0].endpoint, JSON.stringify(service))
  primaryContainer.image = primaryContainer.image.replace(':v1', ':v2')
  const { service: updated } = await send(aws.UpdateExpressGatewayServiceCommand, { serviceArn: web.serviceArn, primaryContainer })
  const ours = await untilStatus('PENDING', 'IN_PROGRESS')
  check(ours.targetServiceRevision.arn === updated.targetConfiguration.serviceRevisionArn, JSON.stringify(updated))
  await untilStatus('SUCCESSFUL')
} else if (what === 'gateway') {
  const gatewayConnectors = [{ portName: 'http' }]
  const { service } = await send(aws.UpdateServiceCommand, { cluster: 'main', service: 'web', forceNewDeployment: true, gatewayConnectors })
  const { gatewayRoutes: [route] } = await send(aws.ListGatewayRoutesCommand, { cluster: 'main', service: service.serviceArn })
  check(route.status === 'CREATE_IN_PROGRESS' && route.serviceContainerPortName === 'http', JSON.stringify(route))
  for (;;) {
    const { gatewayRoute } = await send(aws.DescribeGatewayRouteCommand, { gatewayRouteArn: route.gatewayRouteArn })
    if (gatewayRoute.status === 'ACTIVE' && gatewayRoute.serviceUrl) break
    await pause(200)
  }
} else if (what === 'daemon') {
  const [clusterArn, daemonArn] = ['cluster/main', 'daemon/main/agent'].map((name) => `arn:aws:ecs:eu-west-1:123456789012:${name}`)
  const { daemonSummariesList: [summary] } = await send(aws.ListDaemonsCommand, { clusterArn })
  check(summary.daemonArn === daemonArn && summary.status === 'ACTIVE', JSON.stringify(summary))
  const { daemon } = await send(aws.DescribeDaemonCommand, { daemonArn })
  const [runs] = daemon.currentRevisions
  check(runs.totalRunningCount === 4 && runs.totalWithoutDaemonCount === 0, JSON.stringify(daemon))
  const { daemonRevisions: [revision] } = await send(aws.DescribeDaemonRevisionsCommand, { daemonRevisionArns: [runs.arn] })
  const daemonTaskDefinition = revision.daemonTaskDefinitionArn
  const { daemonTaskDefinition: definition } = await send(aws.DescribeDaemonTaskDefinitionCommand, { daemonTaskDefinition })
  const { tags } = await send(aws.ListTagsForResourceCommand, { resourceArn: daemonTaskDefinition })
  check(tags[0].key === 'team', JSON.stringify(tags))
  const { family, containerDefinitions } = definition
  containerDefinitions[0].image = containerDefinitions[0].image.replace(':v1', ':v2')
  const { daemonTaskDefinitionArn } = await send(aws.RegisterDaemonTaskDefinitionCommand, { family, containerDefinitions, tags })
  const capacityProviderArns = runs.capacityProviders.map((provider) => provider.arn)
  const { deploymentArn } = await send(aws.UpdateDaemonCommand, { daemonArn, daemonTaskDefinitionArn, capacityProviderArns, critical: true })
  const { daemonDeployments: [listed] } = await send(aws.ListDaemonDeploymentsCommand, { daemonArn })
  check(listed.daemonDeploymentArn === deploymentArn, JSON.stringify(listed))
  for (;;) {
    const { daemonDeployments: [ours] } = await send(aws.DescribeDaemonDeploymentsCommand, { daemonDeploymentArns: [deploymentArn] })
    if (ours.status === 'SUCCESSFUL' && ours.targetDaemonRevision.totalRunningInstanceCount === 4) break
    await pause(200)
  }
} else if (what === 'ended') { // as soon as ECS has it on record that the deployment under way is over
  const { serviceDeploymentArn } = await untilStatus('PENDING', 'IN_PROGRESS')
  for (;;) {
    const { serviceDeployments: [ours] } = await send(aws.DescribeServiceDeploymentsCommand, { serviceDeploymentArns: [serviceDeploymentArn] })
    if (ours.finishedAt) break
    await pause(200)
  }
} else if (what === 'stable') { // as AWS's own action waits, with wait-max-delay-seconds if a third argument is given
  const most = want ? { maxDelay: Number(want) } : {}
  await aws.waitUntilServicesStable({ client: ecs, minDelay: 15, maxWaitTime: 30 * 60, ...most }, { cluster: 'main', services: ['web'] })
} else {
  const arn = await deploy()
  const began = Date.now()
  const { state } = await aws.waitUntilServicesStable({ client: ecs, minDelay: 1, maxDelay: 1, maxWaitTime: 60 }, { cluster: 'main', services: ['web'] })
  check(state === 'SUCCESS', state)
  const { services: [web] } = await send(aws.DescribeServicesCommand, { cluster: 'main', services: ['web'] })
  check((web.deployments[0].taskDefinition === arn ? 'ours' : 'another') === want, JSON.stringify(web.deployments))
  console.error(`· waitUntilServicesStable was satisfied after ${Date.now() - began} ms, by ${want}`)
}
