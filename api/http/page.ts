/** A list's query as stores take it. All of them are sorted by creation, newest first. */
export function pageRequest<T extends { readonly sort: string }>(query: T): Omit<T, 'sort'> {
  const { sort: _sort, ...request } = query
  return request
}
