-- Moments at which subscribers could change their plan, by the periods of their own contract: one of each, drawn by a
-- hash, and each at which somebody did, as far back as what followed is known; and today, of everybody who subscribes.
WITH extent AS (
    SELECT customer_key, spell, min(paid_from) AS start, max(until) AS until
    FROM {contract} AS contract
    GROUP BY customer_key, spell
),
lasting AS (
    SELECT *, {whole_now} AS past, {whole_left} AS renewals FROM extent
),
eligible AS (
    SELECT *, past - {ahead} AS most FROM lasting WHERE past >= {ahead} AND hash(customer_key) % {every} = 0
),
chosen AS (
    -- Drawn from all that could be seen, whether lived through or not: else who stays long would be drawn too rarely.
    SELECT customer_key, spell, start, n
    FROM (SELECT *, CAST(hash(customer_key, spell, 'plans') % (most + 1) AS BIGINT) AS n FROM eligible) AS drawn
    WHERE n <= renewals
    UNION
    SELECT eligible.customer_key, eligible.spell, eligible.start, CAST({whole_begun} AS BIGINT) AS n
    FROM eligible
    INNER JOIN {contract} AS contract
        ON contract.customer_key = eligible.customer_key AND contract.spell = eligible.spell
        AND contract.paid_from > eligible.start
    WHERE {whole_begun} <= eligible.most
)
SELECT customer_key, spell, start, n, {day} AS day, CASE WHEN n = 0 THEN {day} ELSE {day} - 1 END AS before,
    {next_day} - 1 AS after, {last_day} AS over
FROM chosen
UNION ALL
SELECT customer_key, spell, start, past, NULL, {cut}, NULL, NULL
FROM lasting
WHERE until > {cut}
