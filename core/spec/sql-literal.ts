/** A parameter's value as SQL: whatever it is, it stays a value. */
import { JobError } from '../errors/job-error.js'
import type { ParameterType } from './settings.js'

/** A typed literal: whatever the value, it cannot leave it (I9 and the sandbox depend on it). */
export function literal(type: ParameterType, value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`
  switch (type) {
    case 'STRING':
      return `CAST(${quoted} AS VARCHAR)`
    case 'INT':
      return `CAST(${quoted} AS BIGINT)`
    case 'BOOLEAN':
      return value === 'true' ? 'TRUE' : 'FALSE'
    case 'DECIMAL':
      return `CAST(${quoted} AS ${decimalType(value)})`
    case 'DATE':
    case 'TIMESTAMP':
      return `CAST(${quoted} AS ${type})`
  }
}

/** As wide as the value needs, so that nothing of it is lost. */
function decimalType(value: string): string {
  const [whole = '', fraction = ''] = value.replace('-', '').split('.')
  const scale = Math.min(fraction.length, 38)
  return `DECIMAL(${Math.min(38, Math.max(whole.length + scale, scale + 1, 18))},${scale})`
}

/** Databases differ in how a backslash reads, so it is refused rather than guessed. */
export function foreignLiteral(reference: string, type: ParameterType, value: string): string {
  if (type === 'INT' || type === 'DECIMAL') return value
  if (type === 'BOOLEAN') return value === 'true' ? 'TRUE' : 'FALSE'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\\\u0000-\u001f]/.test(value)) {
    throw new JobError(
      'usage.invalid',
      `The value of ${reference} holds a backslash or a control character, which SQL for another database may not.`,
    )
  }
  return `'${value.replaceAll("'", "''")}'`
}
