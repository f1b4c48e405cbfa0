-- Steps that people took while they were open leads: the first of each kind, days after the lead came.
WITH step AS (
    SELECT customer_key, day, 'e-mail' AS kind, coalesce(campaign, 'e-mails') AS step, true AS taken, NULL AS chance
    FROM {engagement} AS canonical WHERE kind = 'sent'
    UNION ALL
    SELECT customer_key, day, 'page' AS kind, page AS step, true AS taken, NULL AS chance
    FROM {visits} AS canonical WHERE page IS NOT NULL
    UNION ALL
    SELECT customer_key, day, 'offer' AS kind, offer AS step, offer <> 'control' AS taken, propensity AS chance
    FROM {treatments} AS canonical
    UNION ALL
    SELECT customer_key, CAST(assigned_at AS DATE) AS day, 'experiment' AS kind, experiment AS step,
           NOT held_out AS taken, CAST(0.5 AS DOUBLE) AS chance
    FROM {assignments} AS canonical
)
SELECT l.place, s.kind, s.step, s.taken, min(date_diff('day', l.came, s.day)) AS after, min(s.chance) AS chance
FROM step AS s INNER JOIN {leads} AS l ON l.customer_key = s.customer_key
WHERE s.day >= l.came AND date_diff('day', l.came, s.day) <= l.days
GROUP BY 1, 2, 3, 4
ORDER BY 2, 3, 1
