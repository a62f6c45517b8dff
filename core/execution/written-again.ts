/** What whoever forks is told, wherever it shows. */
export const writtenAgain = (epoch: number): string =>
  `Epochs after ${epoch} are written again: to its sinks a fork is another job, whatever the first one has written.`
