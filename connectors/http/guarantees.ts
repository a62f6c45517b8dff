/** What the reference says of the two, besides their settings. */
export const sourceGuarantees = `Answers are captured before anything is made of them: an epoch that is repeated reads what was captured,
and gives the same records, whatever the server would say by then. An epoch takes whole pages, until they hold what it may read or
15 seconds have passed. Pages come one after the other, in one subtask.

PAGE and OFFSET end with a page without records: a short page says nothing, as servers shorten pages of their own. OFFSET goes on
behind as many records as came. \`stopWhen\` ends earlier, and spares a server that does not like to be asked beyond its last page.
Three times the same page, one after the other, is an error: the server does not heed the parameter.

A BATCH job reads to the end; with \`positions: CONTINUE\` and \`incremental\` the next execution asks from the largest value that was
read. What comes again of that very value is known by being identical, and left out (of at most 1,000 records); whether the server
means it inclusively or exclusively makes no difference. Without \`incremental\` a continued execution has nothing more to read.
STREAMING looks each \`interval\`.

Records are read by DuckDB as files of JSON are: a key that is missing is no value, one that no column names is left out. A record
that is not an object, or holds a value that does not fit its column, is a bad record; the others are read. An answer that is not
JSON, or has nothing where \`records\` points to, is an error of the source. Beside a DECIMAL of more than 15 digits, fractions of
more than 15 digits are read digit by digit.

Redirects are followed, 5 at most. Addresses that are not public (private, loopback, link-local and the like, also where a name, a
redirect or a link leads there) are refused on a server, unless \`ETL_ALLOW_PRIVATE_HOSTS\` names them; \`etl run\` allows them.
One answer has at most 128 MiB, unpacked. A rate limit and the waits of \`Retry-After\` hold for all jobs of a connection in the same
process: several workers have as many times the limit. Example: \`examples/http.yaml\`.`

export const sinkGuarantees = `At least once (\`delivery: AT_LEAST_ONCE\` of the job): records are sent while the epoch runs, and come again
when it is repeated. Every request has a header \`Idempotency-Key\`, made of lineage, sink, subtask, epoch, and which records of the
epoch it holds. What is sent again has the same key: a server that knows keys takes each request once.

Requests of a subtask go one after the other, in the order of the records. JSON has every number with all its digits; NULL is
\`null\`, times are text as DuckDB writes it, lists and structs are JSON, NaN and infinity are text.

Any answer 2xx means that all records of the request were taken. 400, 409, 413 and 422 mean that one of them was not: the request is
sent again in halves, until the records that are refused stand alone; they are bad records, and the others are written. Where 1,000
records in a row are refused and none was taken, it is the target that refuses. Requests without an answer, 408, 425, 429 and 5xx are
repeated as \`retry\` says; everything else is an error. Of redirects only 307 and 308 within the host are followed. Which addresses
are refused: see the source.`
