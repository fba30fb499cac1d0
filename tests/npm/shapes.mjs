// Validates data against shapes with rdf-validate-shacl: each report goes into a file of its own, as N-Triples.
// node shapes.mjs SHAPES OUT BASE DATA...     all N-Triples; what is in BASE ("-" for nothing) is added to each DATA
import { createReadStream, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import rdf from '@zazuko/env-node'
import Validator from 'rdf-validate-shacl'

const read = (file) => rdf.dataset().import(rdf.formats.parsers.import('application/n-triples', createReadStream(file)))

const [shapesFile, out, base, ...files] = process.argv.slice(2)
const shapes = await read(shapesFile)
for (const file of files) {
  const data = await read(file)
  if (base !== '-') data.addAll(await read(base))
  const report = await new Validator(shapes, { factory: rdf }).validate(data)
  writeFileSync(join(out, `${basename(file)}.nt`), await report.dataset.serialize({ format: 'application/n-triples' }))
}
