// Has Mermaid itself read the pictures in summaries: every section and bar must be what the line says that draws
// it. The arguments are Markdown files.
import fs from 'node:fs'
import mermaid from 'mermaid'

const bar = /^ {4}(.+) :((?:(?:done|active|crit|milestone), )*)(\d{4}-\d\d-\d\d) ([\d:.]+), (\d+)ms$/
let pictures = 0

for (const file of process.argv.slice(2)) {
  for (const [, text] of fs.readFileSync(file, 'utf8').matchAll(/^```mermaid\n([\s\S]*?)^```$/gm)) {
    pictures++
    await mermaid.parse(text)
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text)
    const lines = text.replace(/^---\n[^]*?\n---\n/, '').trimEnd().split('\n')
    const want = lines.filter((line) => bar.test(line)).map((line) => {
      const [, name, tags, day, time, length] = bar.exec(line)
      const tagged = (tag) => tags.includes(tag)
      return [name, new Date(`${day}T${time}Z`).getTime(), Number(length), tagged('done'), tagged('active'), tagged('crit'), tagged('milestone')]
    })
    const got = db.getTasks().map((t) => [t.task.trim(), t.startTime.getTime(), t.endTime - t.startTime, !!t.done, !!t.active, !!t.crit, !!t.milestone])
    const sections = lines.filter((line) => line.startsWith('    section ')).map((line) => line.slice('    section '.length))
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)
    if (lines.length !== 4 + want.length + sections.length || !same(got, want) || !same(db.getSections(), sections)) {
      console.error(`${file}: Mermaid reads this otherwise:\n${text}\nas ${JSON.stringify(got)}\nin ${JSON.stringify(db.getSections())}`)
      process.exit(1)
    }
  }
}
if (pictures === 0) {
  console.error('there is no picture')
  process.exit(1)
}
console.log(`Mermaid reads ${pictures} pictures as they are meant`)
