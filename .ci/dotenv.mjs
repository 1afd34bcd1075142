// Makes files in the format of dotenv, from a seed, and writes each with what npm's dotenv reads in it, a line of JSON for each.
import { parse } from 'dotenv'

let state = Number(process.argv[2] ?? 1)
const random = (n) => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
  return Math.floor((state / 0x80000000) * n)
}
const pick = (list) => list[random(list.length)]

const bits = ['a', 'B', '1', ' ', '  ', '=', '\\', '\\n', '\\d', '\\"', "\\'", '"', "'", '`', '#', ' #', '$', '${A}', '/', ':', 'é', '\u{1F680}', '\t', '@', '%', '&', '{"a": 1}', '-----BEGIN KEY-----']
const text = (also) => Array.from({ length: random(6) }, () => pick([...bits, ...also])).join('')

function value() {
  const quote = pick(['', '', '"', "'", '`'])
  return quote === '' ? text([]) : quote + text(['\n', '\n\n']) + quote
}

function line(i) {
  const kind = random(10)
  if (kind === 0) return pick(['', '  ', '# a comment', '  # A=1'])
  return `${pick(['', '', '', 'export ', '  '])}${pick(['A', 'B_2', 'c', 'D.e-f'])}${i}${pick(['=', '=', '=', ' = ', '= '])}${value()}${pick(['', '', '', ' # why', '  '])}`
}

for (let i = 0; i < Number(process.argv[3] ?? 1000); i++) {
  const source = Array.from({ length: 1 + random(4) }, (_, i) => line(i)).join(pick(['\n', '\n', '\r\n'])) + pick(['', '\n'])
  console.log(JSON.stringify({ source, value: parse(source) }))
}
