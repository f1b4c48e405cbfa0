-- Customers of two days side by side: who came, who is gone, whose value rose or fell, who went quiet and who is back.
WITH compared AS (
    SELECT
        before.customer_key IS NULL AS came,
        now.customer_key IS NULL AS gone,
        CAST(coalesce({value_before}, 0) AS DOUBLE) AS worth_before,
        CAST(coalesce({value_now}, 0) AS DOUBLE) AS worth_now,
        before.customer_key IS NOT NULL AND now.customer_key IS NOT NULL AS stayed,
        coalesce({was_there}, false) AS was_there,
        coalesce({is_there}, false) AS is_there
    FROM {before} AS before
    FULL JOIN {now} AS now ON now.customer_key = before.customer_key
)
SELECT
    count(*) FILTER (NOT came),
    count(*) FILTER (NOT gone),
    coalesce(sum(worth_before), 0),
    coalesce(sum(worth_now), 0),
    count(*) FILTER (came),
    coalesce(sum(worth_now) FILTER (came), 0),
    count(*) FILTER (gone),
    coalesce(sum(-worth_before) FILTER (gone), 0),
    count(*) FILTER (stayed AND worth_now > worth_before),
    coalesce(sum(worth_now - worth_before) FILTER (stayed AND worth_now > worth_before), 0),
    count(*) FILTER (stayed AND worth_now < worth_before),
    coalesce(sum(worth_now - worth_before) FILTER (stayed AND worth_now < worth_before), 0),
    count(*) FILTER (stayed AND was_there AND NOT is_there),
    coalesce(sum(worth_before - worth_now) FILTER (stayed AND was_there AND NOT is_there), 0),
    count(*) FILTER (stayed AND is_there AND NOT was_there),
    coalesce(sum(worth_now - worth_before) FILTER (stayed AND is_there AND NOT was_there), 0)
FROM compared
