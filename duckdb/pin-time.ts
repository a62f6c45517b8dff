/** `now()` and its like become the plan's time (I9): an epoch that runs again must see the same clock. */
import { castOf, isNode, nodesOf, type TreeNode } from './syntax-tree.js'

type TimeType = 'TIMESTAMP WITH TIME ZONE' | 'TIMESTAMP' | 'DATE' | 'TIME' | 'TIME WITH TIME ZONE'

/** Called with parentheses. */
const TIME_FUNCTIONS: Readonly<Record<string, TimeType>> = {
  now: 'TIMESTAMP WITH TIME ZONE',
  current_timestamp: 'TIMESTAMP WITH TIME ZONE',
  get_current_timestamp: 'TIMESTAMP WITH TIME ZONE',
  transaction_timestamp: 'TIMESTAMP WITH TIME ZONE',
  current_localtimestamp: 'TIMESTAMP',
  today: 'DATE',
  current_date: 'DATE',
  current_localtime: 'TIME',
  get_current_time: 'TIME WITH TIME ZONE',
}

/** Written as a bare word, which DuckDB's parser takes for a column. */
const TIME_WORDS: Readonly<Record<string, TimeType>> = {
  current_timestamp: 'TIMESTAMP WITH TIME ZONE',
  localtimestamp: 'TIMESTAMP',
  current_date: 'DATE',
  localtime: 'TIME',
  current_time: 'TIME WITH TIME ZONE',
}

/** Replaces every mention of the clock in an expression or query, in place. */
export function pinTime(select: TreeNode, now: string | null): void {
  replaceBelow(select, toClock(now))
}

/** The name under which an expression asks for the clock, or null. */
export function clockName(node: TreeNode): string | null {
  return clock(node)?.name ?? null
}

function replaceBelow(value: unknown, at: string): void {
  if (typeof value !== 'object' || value === null) return
  const container = value as TreeNode
  for (const [key, child] of Object.entries(container)) {
    const found = isNode(child) ? clock(child) : null
    if (found === null) replaceBelow(child, at)
    else container[key] = literal(found.type, at, String((child as TreeNode).alias ?? ''))
  }
  // One argument means: until today.
  if (isCall(container, 'age') && nodesOf(container.children).length === 1) {
    container.children = [literal('TIMESTAMP', `${at.slice(0, 10)} 00:00:00`, ''), ...nodesOf(container.children)]
  }
}

function clock(node: TreeNode): { readonly name: string; readonly type: TimeType } | null {
  const names = node.column_names
  if (node.class === 'COLUMN_REF' && Array.isArray(names) && names.length === 1) {
    const name = String(names[0]).toLowerCase()
    return Object.hasOwn(TIME_WORDS, name) ? { name, type: TIME_WORDS[name]! } : null
  }
  const name = String(node.function_name).toLowerCase()
  const called = node.class === 'FUNCTION' && nodesOf(node.children).length === 0 && Object.hasOwn(TIME_FUNCTIONS, name)
  return called ? { name, type: TIME_FUNCTIONS[name]! } : null
}

/** Without a name of its own, a column would be named by the literal, differently in each epoch. */
export function nameTimeColumns(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const container = value as TreeNode
  for (const [index, item] of nodesOf(container.select_list).entries()) {
    if (item.alias === '' && mentionsClock(item)) item.alias = clock(item)?.name ?? `column${index + 1}`
  }
  for (const child of Object.values(container)) nameTimeColumns(child)
}

function mentionsClock(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(mentionsClock)
  if (!isNode(value)) return false
  return clock(value) !== null || isCall(value, 'age') || Object.values(value).some(mentionsClock)
}

function isCall(node: TreeNode, name: string): boolean {
  return node.class === 'FUNCTION' && String(node.function_name).toLowerCase() === name
}

/** `2026-01-31 10:00:00.123`, UTC. */
function toClock(now: string | null): string {
  return (now === null ? new Date(0) : new Date(now)).toISOString().replace('T', ' ').replace('Z', '')
}

function literal(type: TimeType, at: string, alias: string): TreeNode {
  const value = type === 'DATE' ? at.slice(0, 10) : type.startsWith('TIME ') || type === 'TIME' ? at.slice(11) : at
  return castOf(type.endsWith('ZONE') ? `${value}+00` : value, type, alias)
}
