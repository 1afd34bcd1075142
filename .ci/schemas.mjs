// Compares recorded exchanges with the schemas of AWS's clients, and tells what differs.
import { createReadStream, readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";

const folder = process.argv[2];
const clients = join(folder, "node_modules", "@aws-sdk");
const constraints = JSON.parse(readFileSync(join(folder, "constraints.json")));

// What is as it is on purpose, with the reason: "service operation path", and what is said of it.
const known = [
  [/^ecs \w+ (request|answer)\S* has fieldOfTomorrow/, "a member that ECS does not know yet, which must get through"],
  [/^ecs \w+ answer\S* "(REFLECTING|CONTEMPLATING)" is no/, "states that ECS does not know yet, which must not mislead"],
  [
    /^ecs DescribeServiceDeployments answer\S* "PRE_PRODUCTION_TRAFFIC_SHIFT" is no ServiceDeploymentLifecycleStage$/,
    "a stage that the guide has, and the schema leaves out",
  ],
];

const targets = {
  AmazonEC2ContainerServiceV20141113: "ecs", AmazonEC2ContainerRegistry_V20150921: "ecr", CodeDeploy_20141006: "codedeploy",
  Logs_20140328: "cloudwatch-logs", AmazonSSM: "ssm", secretsmanager: "secrets-manager", AWSEvents: "eventbridge",
};
const versions = { "2010-08-01": "cloudwatch", "2015-12-01": "elastic-load-balancing-v2", "2010-05-08": "iam", "2011-06-15": "sts" };

const loaded = {};
async function client(service) {
  if (!loaded[service]) {
    const root = join(clients, `client-${service}`);
    const types = join(root, "dist-types", "models");
    const text = readdirSync(types).filter((f) => f.endsWith(".d.ts")).map((f) => readFileSync(join(types, f), "utf8")).join("\n");
    const names = await import(join(root, "dist-cjs", "index.js"));
    loaded[service] = { names: names.default ?? names, members: members(text) };
  }
  return loaded[service];
}

// members are the types of the members of all interfaces, by their names.
function members(text) {
  const found = {};
  for (const [, name, body] of text.matchAll(/^export interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)) {
    found[name] = {};
    for (const [, member, type] of body.matchAll(/^ {4}(\w+)\??: ([^;]+);/gm)) {
      found[name][member] = type;
    }
  }
  return found;
}

const operationNames = { "GET schedules": ["scheduler", "GetSchedule"], "PUT schedules": ["scheduler", "UpdateSchedule"], "POST targetgroups": ["vpc-lattice", "ListTargets"] };

// called is the service and the operation of an exchange, and its body as an object.
function called(exchange) {
  if (exchange.target) {
    const [prefix, operation] = exchange.target.split(".");
    return [targets[prefix], operation, JSON.parse(exchange.request || "{}")];
  }
  const rest = operationNames[`${exchange.method} ${exchange.path.split("/")[1]}`];
  if (rest) {
    return [...rest, JSON.parse(exchange.request || "{}"), true];
  }
  const form = new URLSearchParams(exchange.request);
  if (!form.has("Action")) {
    return [];
  }
  const body = {};
  for (const [name, value] of form) {
    if (name !== "Action" && name !== "Version") {
      place(body, name.split("."), value);
    }
  }
  return [versions[form.get("Version")], form.get("Action"), body];
}

// place puts a value of a form where its name says: "Tags.member.1.Key".
function place(object, [name, ...rest], value) {
  if (rest.length === 0) {
    object[name] = value;
  } else if (rest[0] === "member") {
    object[name] ??= [];
    if (rest.length === 2) {
      object[name][rest[1] - 1] = value;
    } else {
      place((object[name][rest[1] - 1] ??= {}), rest.slice(2), value);
    }
  } else {
    place((object[name] ??= {}), rest, value);
  }
}

// fromXML is what is in an element, without its attributes.
function fromXML(text) {
  const tokens = text.match(/<[^>]+>|[^<]+/g) ?? [];
  let at = 0;
  const element = () => {
    const children = [];
    let words = "";
    while (at < tokens.length && !tokens[at].startsWith("</")) {
      const token = tokens[at++];
      if (!token.startsWith("<")) {
        words += token;
      } else if (!token.startsWith("<?")) {
        children.push([token.slice(1, -1).split(" ")[0], element()]);
        at++;
      }
    }
    if (children.length === 0) {
      return words;
    }
    return children.every(([name]) => name === "member") ? children.map(([, value]) => value) : Object.fromEntries(children);
  };
  return element();
}

const faults = new Map();
let checked = 0;

function differs(where, what) {
  const line = `${where} ${what}`;
  if (!known.some(([pattern]) => pattern.test(line))) {
    faults.set(line, (faults.get(line) ?? 0) + 1);
  }
}

const simple = { 0: "string", 1: "number", 2: "boolean", 4: "time", 5: "time", 6: "time", 7: "time", 15: "document", 17: "number", 19: "number", 21: "blob", 42: "blob" };

// check compares a value with a schema.
function check(its, value, schema, where, text, type) {
  if (typeof schema === "function") {
    schema = schema();
  }
  if (Array.isArray(schema) && (typeof schema[0] === "function" || Array.isArray(schema[0]) || (schema.length === 2 && typeof schema[1] !== "string"))) {
    return check(its, value, schema[0], where, text, type); // with traits
  }
  if (schema === "unit") { // nothing is sent, or answered
    return Object.keys(value ?? {}).length > 0 ? differs(where, "is not empty") : undefined;
  }
  if (value === null) {
    return differs(where, "is null");
  }
  if (typeof schema === "number") {
    if (schema >= 128) {
      return Object.entries(value).forEach(([, v]) => check(its, v, schema - 128, `${where}{}`, text));
    }
    if (schema >= 64) {
      if (!Array.isArray(value)) {
        return text && value === "" ? undefined : differs(where, `is no list`);
      }
      return value.forEach((v) => check(its, v, schema - 64, `${where}[]`, text, type?.replace(/\[\].*/, "")));
    }
    return checkSimple(its, value, simple[schema], where, text, type);
  }
  switch (schema[0]) {
    case 0:
      return check(its, value, schema[schema.length - 1], where, text, type);
    case 1:
      if (!Array.isArray(value)) {
        return text && value === "" ? undefined : differs(where, "is no list");
      }
      return value.forEach((v) => check(its, v, schema[4], `${where}[]`, text, type?.replace(/\[\].*/, "")));
    case 2:
      return Object.values(value).forEach((v) => check(its, v, schema[5], `${where}{}`, text));
    case 3: case 4: case -3:
      return checkStructure(its, value, schema, where, text);
    default:
      differs(where, `has a schema that is not known here: ${JSON.stringify(schema)}`);
  }
}

function checkSimple(its, value, wanted, where, text, type) {
  const is = typeof value;
  const fits = {
    string: is === "string", number: is === "number" || (text && value !== "" && !Number.isNaN(Number(value))),
    boolean: is === "boolean" || (text && /^(true|false)$/.test(value)),
    time: is === "number" || (text && !Number.isNaN(Date.parse(value))), document: true, blob: is === "string",
  }[wanted];
  if (!fits) {
    return differs(where, `is ${JSON.stringify(value).slice(0, 60)}, and no ${wanted}`);
  }
  const words = wanted === "string" && type && its.names[type.replace(/ \| undefined/, "")];
  if (words && !Object.values(words).includes(value)) {
    differs(where, `"${value}" is no ${type}`);
  }
}

function checkStructure(its, value, [, , name, , names, types, required = 0], where, text) {
  if (typeof value !== "object" || Array.isArray(value)) {
    return value === "" && text ? undefined : differs(where, `is no ${name}`);
  }
  names.slice(0, its.bound ? 0 : required).forEach((member) => {
    if (!(member in value)) {
      differs(where, `lacks ${member}`);
    }
  });
  for (const [member, v] of Object.entries(value)) {
    const at = names.indexOf(member);
    if (at < 0) {
      differs(where, `has ${member}, which ${name} has not`);
      continue;
    }
    check(its, v, types[at], `${where}.${member}`, text, its.members[name]?.[member]?.replace(/ \| undefined$/, ""));
    limits(constraints[its.service]?.[name]?.[member], v, `${where}.${member}`);
  }
}

// limits compares a value with lengths, ranges and patterns.
function limits(limit, value, where) {
  if (!limit) {
    return;
  }
  const size = { string: value.length, list: value.length, integer: value, long: value, map: Object.keys(value ?? {}).length }[limit.type];
  if (size < limit.min || size > limit.max) {
    differs(where, `is ${JSON.stringify(value).slice(0, 40)}: between ${limit.min} and ${limit.max} are allowed`);
  }
  if (limit.pattern && limit.type === "string") {
    let pattern;
    try {
      pattern = new RegExp(`^(?:${limit.pattern})$`, "u");
    } catch {
      return; // of a dialect that JavaScript does not read
    }
    if (!pattern.test(value)) {
      differs(where, `is ${JSON.stringify(value).slice(0, 60)}, which does not match ${limit.pattern}`);
    }
  }
}

// A judge that finds nothing proves nothing: faults of each sort are found in an answer in which they were planted.
const planted = {
  services: [{ deployments: [{ id: 1, colour: "red", rolloutState: "REFLECTED", events: [] }], desiredCount: null }, "web"],
};
await (async () => {
  const its = { ...(await client("ecs")), service: "ecs" };
  check(its, planted, its.names["DescribeServices$"][5], "planted");
  check(its, {}, its.names["UpdateService$"][4], "planted request");
  limits({ type: "string", max: 2 }, "long", "planted length");
  limits({ type: "string", pattern: "[a-z]+" }, "A1", "planted pattern");
  if (faults.size !== 9) {
    throw new Error(`of 9 planted faults ${faults.size} were found: ${[...faults.keys()].join("; ")}`);
  }
  faults.clear();
})();

for await (const line of createInterface({ input: createReadStream(join(folder, "exchanges")) })) {
  const exchange = JSON.parse(line);
  const [service, operation, body, rest] = called(exchange);
  if (!service) {
    if (!exchange.path.includes("idtoken")) {
      differs("?", `nobody knows ${exchange.method} ${exchange.path} ${exchange.target}`);
    }
    continue;
  }
  const its = { ...(await client(service)), service };
  const schema = its.names[`${operation}$`];
  if (!schema) {
    differs(service, `has no ${operation}`);
    continue;
  }
  checked++;
  const form = !exchange.target && !rest;
  check({ ...its, bound: rest }, body, schema[4], `${service} ${operation} request`, form);
  if (exchange.status !== 200) {
    continue;
  }
  if (form) {
    const answer = fromXML(exchange.answer)[`${operation}Response`]?.[`${operation}Result`];
    check(its, answer, schema[5], `${service} ${operation} answer`, true);
  } else if (exchange.answer) {
    check(its, JSON.parse(exchange.answer), schema[5], `${service} ${operation} answer`, false);
  }
}
for (const [line, times] of [...faults].sort()) {
  console.log(`${line} (${times} times)`);
}
const unlimited = Object.keys(loaded).filter((service) => !constraints[service]);
console.log(`no lengths and patterns are known of ${unlimited.join(", ") || "none"}, and none of what is newer than this botocore`);
console.log(`${checked} exchanges were compared, and ${faults.size} differences found; not counted are ${known.map(([, why]) => why).join("; ")}`);
process.exit(faults.size > 0 || checked === 0 ? 1 : 0);
