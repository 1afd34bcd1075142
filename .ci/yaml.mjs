// Makes documents of all that YAML has, from a seed, and writes each with what npm's yaml reads in it, a line of JSON for
// each: that reader is what aws-actions/amazon-ecs-deploy-task-definition reads files with.
import { parseDocument, isAlias, isMap, isPair, isScalar, isSeq } from 'yaml'

let state = Number(process.argv[2] ?? 1)
const random = (n) => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
  return Math.floor((state / 0x80000000) * n)
}
const pick = (list) => list[random(list.length)]

const plain = [
  'a', 'abc def', '0', '-0', '7', '007', '0755', '0o17', '0x1F', '0b11', '1_000', '+5', '-5', '.5', '5.', '-.5', '+.5', '1.10', '1e3', '1E-3', '+1.5e+3',
  '12345678901234567890123', '.inf', '-.INF', '.nan', 'true', 'True', 'TRUE', 'tRUE', 'false', 'yes', 'no', 'on', 'Off', 'y', 'null', 'Null', '~', 'nULL',
  '2026-11-25', '2026-11-25T10:00:00Z', '1:30', '190:20:30', 'a:b', 'http://x:8080/y', 'a#b', '-a', '?a', ':a', 'a,b', 'é', 'a\\n', '1 2', '0x', '0o8', '+', '.', '..', '1.2.3',
  '${A}', '$B', '=', '<', '<<x', "it's", 'a"b', '%a', '128Mi', '10.0.0.0/8', 'arn:aws:iam::123456789012:role/web', '--flag', '-',
]
const texts = [
  'a', '', ' ', ' a ', 'a\nb', 'a\nb\n', 'a\n\nb', '\na', 'a\n\n', '  a\n b\nc', '# no', 'a: b\n- c', 'true', '007', 'tab\there', 'quote " and \' and \\', 'é ☃ \u{1F680}', '-----BEGIN KEY-----\nabc\n-----END KEY-----\n',
  'set -e\nexec app\n', 'a \nb', 'long '.repeat(30).trim(),
]
const tagged = {
  '!!str': ['007', '1.5', 'true', 'null', '"12"', "'x'"], '!': ['007', 'true', '~', '"12"'], '!!int': ['007', '12', '"12"', '0x1F', '-3'],
  '!!float': ['1.5', '.5', '1e3', "'2.5'"], '!!bool': ['true', 'False', '"true"'], '!!null': ['null', '~', '"null"'],
}
const flowSafe = (text) => !/[,[\]{}]/.test(text) && !/^[-?:]/.test(text) && text !== '%a'

const doubleQuoted = (text) => JSON.stringify(text)
const singleQuoted = (text) => (/[\n\t]/.test(text) || /[^\x20-\x7e\u00a0-\uffff]/.test(text) ? doubleQuoted(text) : `'${text.replaceAll("'", "''")}'`)
const escaped = () => pick(['"\\/\\u00e9\\x41"', '"\\t\\n\\\\"', `"a\\${far}b"`, '"\\U0001F680"', `"a\n${far}b"`, `'a${far}b'`, '"\\0\\a\\e\\_\\N"', '"  x  "'])

let names = [] // anchors of this document, by what they stand for
let last = 0
const anchored = (kind, node) => {
  if (random(6) > 0) return node
  const name = `n${last++}`
  names.push({ name, kind })
  return `&${name} ${node}`
}
// below is a node that stands below its anchor. It cannot hold an alias to itself.
const below = (kind, make) => {
  const name = random(5) === 0 ? `n${last++}` : null
  const node = make()
  if (name) names.push({ name, kind })
  return `${name ? ` &${name}` : ''}\n${node}`
}
const far = '\n' + ' '.repeat(24) // deep enough for whatever it stands in
const alias = (kind) => {
  const known = names.filter((n) => n.kind === kind || kind === 'any')
  return known.length ? `*${pick(known).name}` : null
}

function scalar(flow) {
  const style = random(10)
  if (style === 0) return escaped()
  if (style === 1) return doubleQuoted(pick(texts))
  if (style === 2) return singleQuoted(pick(texts))
  if (style === 3) {
    const tag = pick(['!!str', '!', '!!int', '!!float', '!!bool', '!!null'])
    return `${tag} ${pick(random(20) === 0 ? ['007', 'x', '1.5', 'true'] : tagged[tag])}`
  }
  if (style === 4 && !flow) return ''
  let text = pick(plain)
  while (flow && !flowSafe(text)) text = pick(plain)
  return text
}

// block is a block scalar, below an indentation.
function block(indent) {
  let text = pick(texts.filter((t) => t.trim() !== ''))
  const pad = ' '.repeat(indent + pick([1, 2, 4]))
  const sign = pick(['|', '>'])
  const chomp = pick(['', '-', '+'])
  const figure = /^[ \n]/.test(text) ? String(pad.length - indent) : ''
  const header = sign + pick([figure + chomp, chomp + figure]) + pick(['', ' # why'])
  return `${header}\n${text.split('\n').map((line) => (line === '' ? '' : pad + line)).join('\n')}\n`
}

const key = (i) => pick([`k${i}`, `k${i}`, `"k ${i}"`, `'k${i}'`, `k ${i}`, `0${i}`, `k${i}.x-y`])

function flowNode(depth) {
  const kind = depth <= 0 ? 0 : random(4)
  if (kind === 1) {
    const items = Array.from({ length: random(4) }, () => flowNode(depth - 1))
    return anchored('seq', `[${pick(['', ' ', far])}${items.join(pick([',', ', ', `,${far}`]))}${items.length && random(3) === 0 ? ',' : ''}]`)
  }
  if (kind === 2) {
    const pairs = Array.from({ length: random(4) }, (_, i) => (random(6) === 0 ? `j${i}` : `${key(i)}: ${flowNode(depth - 1)}`))
    return anchored('map', `{${pairs.join(pick([', ', `,${far}`]))}}`)
  }
  if (kind === 3) return alias('any') ? `${alias('any')} ` : scalar(true)
  return anchored('scalar', scalar(true))
}

// node is what stands behind "key:" or "-": on the same line, or below it.
function node(depth, indent, inSequence = false) {
  const kind = depth <= 0 ? random(3) : random(7)
  if (kind === 0) return ` ${block(indent)}`
  if (kind === 1) return ` ${scalar(false)}${pick(['', '', ' # why'])}\n`
  if (kind === 2) return ` ${flowNode(depth)}\n`
  if (kind === 3 && alias('any')) return ` ${alias('any')}\n`
  if (kind === 4) return below('seq', () => sequence(depth - 1, indent + pick(inSequence ? [2] : [0, 2])))
  return below('map', () => mapping(depth - 1, indent + 2))
}

function mapping(depth, indent) {
  const pad = ' '.repeat(indent)
  let out = ''
  const merge = random(4) === 0 ? alias('map') : null
  if (merge) out += `${pad}<<: ${pick([merge, `[${merge}, ${alias('map')}]`, `[{m0: 1, k0: merged}, ${merge}]`])}\n`
  for (let i = 0, n = 1 + random(4); i < n; i++) {
    if (random(8) === 0) out += `${pad}# a comment\n`
    if (random(10) === 0) out += '\n'
    out += `${pad}${key(i)}:${node(depth, indent)}`
  }
  return out
}

function sequence(depth, indent) {
  const pad = ' '.repeat(indent)
  let out = ''
  for (let i = 0, n = 1 + random(3); i < n; i++) {
    const compact = depth > 0 ? random(6) : 9
    if (compact === 0) out += `${pad}- ${mapping(depth - 1, indent + 2).trimStart()}`
    else if (compact === 1) out += `${pad}- ${sequence(depth - 1, indent + 2).trimStart()}`
    else out += `${pad}-${node(depth, indent, true)}`
  }
  return out
}

function makeDocument() {
  names = []
  last = 0
  const head = pick(['', '', '', '---\n', '%YAML 1.2\n---\n', '# first\n', '\ufeff'])
  if (random(10) === 0) { // JSON, as people write it: with comments, and a comma too many
    const pairs = Array.from({ length: 1 + random(4) }, (_, i) => `  "k${i}": ${flowNode(2)}`)
    return `{\n${pairs.join(pick([',\n', ', # why\n']))}${pick(['', ','])}\n}\n`
  }
  const foot = pick(['', '', '', '...\n', '# last\n'])
  return head + mapping(2, 0) + foot
}

// read is what npm's yaml says, of keys what is written: ours are text, whatever they look like.
function read(source) {
  const document = parseDocument(source, { merge: true, intAsBigInt: true, uniqueKeys: true })
  if (document.errors.length) return { error: document.errors[0].message.split('\n')[0] }
  const value = (node, depth = 0) => {
    if (depth > 60) throw new Error('deep')
    if (node === null) return null
    if (isAlias(node)) return value(node.resolve(document), depth + 1)
    if (isSeq(node)) return node.items.map((item) => value(item, depth + 1))
    if (isMap(node)) {
      const own = {}
      const merged = {}
      for (const pair of node.items) {
        const name = isAlias(pair.key) ? pair.key.resolve(document) : pair.key
        if (isScalar(name) && name.type === 'PLAIN' && name.source === '<<') {
          const from = isAlias(pair.value) ? pair.value.resolve(document) : pair.value
          for (const map of isSeq(from) ? from.items : [from]) {
            for (const [k, v] of Object.entries(value(map, depth + 1))) if (!(k in merged)) merged[k] = v
          }
        } else own[name.type === 'PLAIN' ? name.source : name.value] = value(pair.value, depth + 1)
      }
      return { ...merged, ...own }
    }
    const v = node.value
    if (typeof v === 'bigint') return { number: String(v) }
    if (typeof v === 'number') return Number.isFinite(v) ? { number: String(v) } : { notFinite: node.source }
    return typeof v === 'string' ? { text: v } : v
  }
  try {
    return { value: value(document.contents) }
  } catch (e) {
    return { error: e.message }
  }
}

for (let i = 0; i < Number(process.argv[3] ?? 600); i++) {
  const source = makeDocument()
  console.log(JSON.stringify({ source, ...read(source) }))
}
