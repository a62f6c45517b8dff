/** What applying a definition does, or would do. */
export interface Change {
  readonly kind: string
  readonly name: string
  readonly change: 'create' | 'update' | 'unchanged' | 'delete'
}
