// Asks a SPARQL endpoint with Comunica: node comunica.mjs ENDPOINT < queries.json > answers.json
// Queries are a list of texts. An answer is a boolean, a list of triples, or rows by name of variable; a term is its text with
// its language or datatype. Also told: every address that was asked, and an error in place of an answer that did not come.
import { QueryEngine } from '@comunica/query-sparql'
import { readFileSync } from 'node:fs'

const endpoint = process.argv[2]
const asked = new Set()
const watched = (input, init) => {
  asked.add(new URL(input.url ?? String(input)).origin)
  return fetch(input, init)
}
const engine = new QueryEngine()
// Comunica 4.5.0 and the parser of JSON results that npm gives it disagree: a language lands inside the datatype.
const parts = (term) =>
  term.termType === 'Literal'
    ? [term.value, term.language || term.datatype.language || term.datatype.value]
    : [`${term.termType === 'BlankNode' ? '_:' : ''}${term.value}`, '']

const answer = async (query) => {
  const context = { sources: [{ type: 'sparql', value: endpoint }], fetch: watched, httpTimeout: 20000 }
  const result = await engine.query(query, context)
  if (result.resultType === 'boolean') return await result.execute()
  const found = await (await result.execute()).toArray()
  if (result.resultType === 'quads') return found.map((q) => [q.subject, q.predicate, q.object].map(parts))
  return found.map((row) => Object.fromEntries([...row].map(([variable, one]) => [variable.value, parts(one)])))
}

const answers = []
for (const query of JSON.parse(readFileSync(0, 'utf8'))) {
  try {
    answers.push(await answer(query))
  } catch (error) {
    answers.push({ error: String(error) })
  }
}
console.log(JSON.stringify({ answers, asked: [...asked] }))
