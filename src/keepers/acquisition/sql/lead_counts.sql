-- Leads by group: how many came while costs are known, how many are old enough to judge, and how many of these bought.
WITH lead_row AS (
    SELECT
        lead.label,
        lead.day,
        CASE
            WHEN bought.first_day >= lead.day THEN date_diff('day', lead.day, bought.first_day)
            WHEN lead.won THEN greatest(date_diff('day', lead.day, coalesce(lead.closed_on, lead.day)), 0)
        END AS days_to_win,
        date_diff('day', lead.day, DATE '{until}') AS age
    FROM (SELECT {label} AS label, * FROM {leads} AS told) AS lead
    LEFT JOIN {newcomers} AS bought ON bought.customer_key = lead.customer_key
    WHERE lead.day <= DATE '{until}'
),
patience AS (
    SELECT CASE WHEN count(*) >= {fewest} THEN ceil(quantile_cont(days_to_win, 0.95)) ELSE {usual} END AS days
    FROM lead_row
    WHERE days_to_win IS NOT NULL
)
SELECT
    coalesce(CAST(lead_row.label AS VARCHAR), '{unknown}') AS label,
    count(CASE WHEN lead_row.day BETWEEN known.first AND known.last THEN 1 END) AS leads,
    count(*) AS all_leads,
    count(CASE WHEN lead_row.age >= patience.days THEN 1 END) AS ripe,
    count(CASE WHEN lead_row.age >= patience.days AND lead_row.days_to_win <= patience.days THEN 1 END) AS won,
    min(patience.days) AS patience
FROM lead_row
CROSS JOIN patience
LEFT JOIN {known} AS known ON known.of = CAST(lead_row.label AS VARCHAR)
GROUP BY 1
ORDER BY 1
