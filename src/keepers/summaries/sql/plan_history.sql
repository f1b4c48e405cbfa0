-- What customers were seen to do from one period's end to the next: changes of plan, pauses, endings, returns.
WITH contract AS (
    SELECT * FROM {spells} WHERE hash(customer_key) % {every} = 0
),
grid AS (
    SELECT k, {day} AS day FROM range(0, {periods}) AS steps(k) WHERE {seen}
),
extent AS (
    SELECT customer_key, spell, min(paid_from) AS start, max(until) AS until
    FROM contract
    GROUP BY customer_key, spell
),
covered AS (
    SELECT customer_key, spell, k FROM extent JOIN grid ON start <= day AND until > day
),
held AS (
    SELECT
        customer_key, spell, k, plan,
        row_number() OVER (PARTITION BY customer_key, spell, k ORDER BY mrr DESC, paid_from DESC, subscription_id) AS place
    FROM contract JOIN grid ON paid_from <= day AND until > day
),
state AS (
    SELECT covered.customer_key, covered.spell, covered.k, held.plan
    FROM covered LEFT JOIN held
        ON held.customer_key = covered.customer_key AND held.spell = covered.spell AND held.k = covered.k AND held.place = 1
),
stay AS (
    SELECT before.plan AS plan_before, after.plan AS plan_after, count(*) AS seen
    FROM state AS before JOIN state AS after
        ON after.customer_key = before.customer_key AND after.spell = before.spell AND after.k = before.k - 1
    GROUP BY 1, 2
),
gone AS (
    SELECT
        extent.customer_key, grid.k, {since} AS since,
        following.start AS returned_on
    FROM extent LEFT JOIN extent AS following
        ON following.customer_key = extent.customer_key AND following.spell = extent.spell + 1
    JOIN grid ON extent.until <= grid.day AND (following.start IS NULL OR following.start > grid.day) AND grid.k > 0
),
back AS (
    SELECT since, returned_on <= {next_day} AS returned FROM gone
),
gap AS (
    SELECT ended_before AS until, paid_from AS start FROM contract WHERE NOT returns AND paid_from > ended_before
),
lapse AS (
    SELECT {lapsed} AS since, gap.start <= {next_day} AS returned
    FROM gap JOIN grid ON gap.until <= grid.day AND gap.start > grid.day AND grid.k > 0
)
SELECT 'stay' AS kind, plan_before, plan_after, CAST(NULL AS BIGINT) AS since, CAST(seen AS BIGINT) AS seen FROM stay
UNION ALL
SELECT CASE WHEN coalesce(returned, FALSE) THEN 'return' ELSE 'away' END, NULL, NULL, CAST(since AS BIGINT), count(*)
FROM back
GROUP BY 1, 4
UNION ALL
SELECT CASE WHEN returned THEN 'renewal' ELSE 'lapse' END, NULL, NULL, CAST(since AS BIGINT), count(*)
FROM lapse
GROUP BY 1, 4
ORDER BY 1, 2, 3, 4
